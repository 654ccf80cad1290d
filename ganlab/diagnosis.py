"""What is probably wrong with a run, in sentences. Pure: settings in, words out."""

from ganlab.config import PRESETS, TrainConfig


def likely_cause(config: TrainConfig) -> str:
    """Why a loss stopped being a number, as far as the settings tell; one sentence."""
    widest = max(map(abs, config.clip_range))
    usual = PRESETS[config.dataset]
    too_fast = {
        whose: rate / usual_rate
        for whose, rate, usual_rate in (
            ("critic", config.critic_lr, usual.critic_lr),
            ("generator", config.generator_lr, usual.generator_lr),
        )
    }
    whose = max(too_fast, key=too_fast.get)
    # The clamp bounds the critic's weights whatever its rate; nothing bounds the generator's.
    if widest / max(map(abs, usual.clip_range)) > too_fast["generator"]:
        return f"Weights up to {widest:g} let the critic's scores grow without bound; try a narrower clip range."
    rate = {"critic": config.critic_lr, "generator": config.generator_lr}[whose]
    return f"The {whose}'s learning rate ({rate:g}) is probably too high; the preset has {usual.critic_lr:g}."
