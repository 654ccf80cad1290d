// A slider's scale, the same whatever its value: its rungs lie evenly apart, from 0, or mirrored around 0 in the middle.
// Below the first rung it is linear, between rungs logarithmic. A place is counted in rungs from 0.

export const ladder = (rungs, mirrored) => {
  const top = rungs.length, bottom = mirrored ? -top : 0;
  const placeOf = weight => {
    const size = Math.abs(weight), sign = Math.sign(weight);
    if (size <= rungs[0]) return sign * size / rungs[0];
    const i = rungs.findIndex(rung => rung >= size);
    if (i < 0) return sign * top;
    return sign * (i + Math.log(size / rungs[i - 1]) / Math.log(rungs[i] / rungs[i - 1]));
  };
  const weightAt = place => {
    const size = Math.min(Math.abs(place), top), sign = Math.sign(place);
    if (size <= 1) return sign * size * rungs[0];
    const i = Math.min(Math.floor(size), top - 1);
    return sign * rungs[i - 1] * (rungs[i] / rungs[i - 1]) ** (size - i);
  };
  // So many rungs away from a weight, on a rung.
  const climbed = (weight, steps) => {
    const place = placeOf(weight), on = Math.round(place);
    const from = Math.abs(place - on) < 1e-6 ? on : steps > 0 ? Math.floor(place) : Math.ceil(place);
    const to = Math.max(bottom, Math.min(top, from + steps));
    return Math.sign(to) * (rungs[Math.abs(to) - 1] ?? 0);
  };
  // The rung, if one is nearer than a third of the way to the next.
  const snapped = weight => {
    const on = Math.round(placeOf(weight));
    return Math.abs(placeOf(weight) - on) < 1 / 3 ? Math.sign(on) * (rungs[Math.abs(on) - 1] ?? 0) : weight;
  };
  // Where a weight lies on the whole scale, from 0 to 1, and back.
  const shareOf = weight => (placeOf(weight) - bottom) / (top - bottom);
  const weightAtShare = share => weightAt(Math.max(0, Math.min(1, share)) * (top - bottom) + bottom);
  const decades = rungs.filter(rung => rung > rungs[0] && Number.isInteger(Math.round(1e9 * Math.log10(rung)) / 1e9));
  const marks = [...(mirrored ? decades.map(rung => -rung) : []), 0, ...decades];
  return { min: mirrored ? -rungs[top - 1] : 0, max: rungs[top - 1], marks, climbed, snapped, shareOf, weightAtShare };
};
