// Takes one message per tick, with all that has changed since the message `after`, to the elements that were `mounted`.

import { feed } from "./live.js";

let heard = 0;

export default function ({ data, setTriggerValue }) {
  const { at, after, mounted, parts } = data;
  if (at <= heard) return;
  let missed = after !== null && after !== heard;
  if (!missed) for (const [part, change] of Object.entries(parts)) missed = !feed(part, at, mounted, change) || missed;
  if (missed) setTriggerValue("missed", at);  // the server then sends everything; until then, nothing can be changed
  else heard = at;
}
