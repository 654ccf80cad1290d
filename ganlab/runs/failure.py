"""Why a run failed, as far as its settings show. Pure."""

from ganlab.config import PRESETS, TrainConfig


def likely_cause(config: TrainConfig) -> str:
    """The likely reason why a loss became NaN or infinite, judged by the settings alone; one sentence."""
    usual = PRESETS[config.dataset]
    widest, usual_widest = (max(map(abs, c.clip_range)) for c in (config, usual))
    # How many times the preset's value each setting has. The clamp holds the critic's weights whatever its
    # rate; nothing holds the generator's.
    excess = {
        "range": widest / usual_widest,
        "generator": config.generator_lr / usual.generator_lr,
        "critic": config.critic_lr / usual.critic_lr,
    }
    worst = max(excess, key=lambda setting: excess[setting])
    if excess[worst] <= 1:
        return "No setting is above the preset's; another seed may do better."
    if worst == "range":
        return f"Weights up to {widest:g} let the critic's scores grow without bound; try a narrower clip range."
    rate, usual_rate = getattr(config, f"{worst}_lr"), getattr(usual, f"{worst}_lr")
    return f"The {worst}'s learning rate ({rate:g}) is probably too high; the preset has {usual_rate:g}."
