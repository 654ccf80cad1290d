"""How the compared runs were made and measured: a paragraph for a paper, and the BibTeX of what it cites."""

import dataclasses
import re
from collections.abc import Iterable

import torch

import ganlab
from ganlab.config import WARM_UP_UPDATES, TrainConfig
from ganlab.data.point_sets import JITTER, ROLL_NOISE, ROLL_SCALE, eight_gaussians, twenty_five_gaussians
from ganlab.formatting import count_of, listed, number, significant
from ganlab.gan.holding import constraint_in_words
from ganlab.gan.networks import INIT_SD
from ganlab.runs.snapshot import Status
from ganlab.ui.compare import groups, measured, settings
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import references

CITED = re.compile(r"\[([a-z0-9, ]+)\]")  # keys of papers
NUMBER = re.compile(r"([±−]?\d+(?:[.,]\d+)*(?:e[+−]\d+)?)")  # as `formatting.number` writes it, or with commas
FEW = 3  # changes of a run that are named one by one, and settings that tell runs apart
RMSPROP_DECAY = torch.optim.RMSprop([torch.zeros(1)]).defaults["alpha"]
HELD = {"clip": "clipped to ", "gradient-penalty": "gradient "}  # before what `constraint_in_words` says
DATA = {
    "digits": "the 1,797 handwritten digits of scikit-learn [alpaydin1998]",
    "mnist": "the 60,000 training images of MNIST [lecun1998]",
    "fashion-mnist": "the 60,000 training images of Fashion-MNIST [xiao2017]",
    "cifar10": "the 50,000 training images of CIFAR-10 [krizhevsky2009]",
    "images": "our own images",
}
OBJECTIVES = {
    "wasserstein": "the critic maximises the difference between its mean scores of real and of generated samples "
    "[arjovsky2017]",
    "non-saturating": "the critic is trained as a classifier, the generator on the non-saturating loss "
    "[goodfellow2014]",
    "hinge": "critic and generator are trained on the hinge loss [lim2017, miyato2018]",
}
NORMS = {
    "batch": "batch norm [ioffe2015] in both",
    "layer": "batch norm [ioffe2015] in the generator and layer norm [ba2016] in the critic",
    "none": "batch norm [ioffe2015] in the generator only",
}
SCOPES = {"all": "all parameters", "weights": "all weights, not the biases,", "no-norm": "all parameters outside norms"}
ORDERS = {"after": "after each of its updates", "before": "before each step of its optimiser"}


def paragraph(picks: list[Pick]) -> str:
    """Plain text, with each paper as (Arjovsky et al., 2017)."""
    return CITED.sub(lambda match: f"({'; '.join(map(references.short, _keys(match)))})", _marked(picks))


def bibtex(picks: list[Pick]) -> str:
    """The entries of exactly the papers that the paragraph cites, each once, in the order of their keys."""
    keys = {key for match in CITED.finditer(_marked(picks)) for key in _keys(match)}
    return "\n\n".join(references.entries()[key] for key in sorted(keys)) + "\n"


def _keys(match: re.Match[str]) -> list[str]:
    return match[1].split(", ")


def _marked(picks: list[Pick]) -> str:
    """The paragraph with the key of each paper in brackets."""
    known = [pick for pick in picks if "dataset" not in pick.config.unknown]
    loops = [pick for pick in picks if pick not in known]
    said = [_runs(picks), *(_shared(known, [clause(pick.config) for pick in known], picks) for clause in CLAUSES)]
    if len({pick.config.seed for pick in known}) == 1:
        said.append(_shared(known, [f"the random seed is {pick.config.seed}" for pick in known], picks))
    own = [f"the training loop is our own, and {_constraint(pick.config)}" for pick in loops]
    said += [_shared(loops, own, picks), *map(_changes, picks), _shared(picks, map(_length, picks), picks)]
    said += [measured.sentence(picks), _medians(picks)]
    versions = f"ganlab {ganlab.__version__} [ganlab] and PyTorch {torch.__version__.partition('+')[0]} [paszke2019]"
    return " ".join(filter(None, (*said, f"We used {versions}.")))


def _runs(picks: list[Pick]) -> str:
    """Which run each letter is, by what tells it from the others; runs that differ only in their seed together."""
    if len(picks) == 1:
        return ""
    of_groups, configs = groups.grouped(picks), [pick.config for pick in picks]
    names = [name for name in settings.unnamed(configs) if name != "seed"][:FEW]
    held = len(set(map(constraint_in_words, configs))) > 1
    seeds = len({config.seed for config in configs if "seed" not in config.unknown}) > 1
    said = []
    for group in of_groups:
        config = group[0].config
        words = [HELD.get(config.constraint, "") + constraint_in_words(config)] if held else []
        words += settings.in_words(config, names)
        if seeds and "seed" not in config.unknown:
            of_group = dict.fromkeys(str(pick.config.seed) for pick in group)
            words.append(f"{'seed' if len(of_group) == 1 else 'seeds'} {listed(of_group)}")
        letters = listed(pick.letter for pick in group)
        said.append(f"{letters} ({', '.join(words)})" if words else letters)
    return f"We compare {len(picks)} runs: {'; '.join(said)}."


def _shared(some: list[Pick], clauses: Iterable[str], picks: list[Pick]) -> str:
    """The clause of each of some runs as one sentence, which names them only if they differ, or are not all `picks`."""
    same: dict[str, list[str]] = {}
    for pick, clause in zip(some, clauses, strict=True):
        same.setdefault(clause, []).append(pick.letter)
    words = list(same)
    if len(same) > 1 or len(some) < len(picks):
        alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for clause, letters in same.items():
            alike.setdefault(tuple(NUMBER.split(clause)[::2]), {})[clause] = letters
        words = [text for clauses in alike.values() for text in _lettered(clauses)]
    text = "; ".join(words)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _lettered(letters: dict[str, list[str]]) -> list[str]:
    """Clauses that differ only in numbers, with the letters of their runs; one clause if only one number differs."""
    parts = [NUMBER.split(clause) for clause in letters]
    differ = [i for i in range(len(parts[0])) if len({part[i] for part in parts}) > 1]
    if len(differ) != 1:
        return [f"in {'run' if len(of) == 1 else 'runs'} {listed(of)}, {clause}" for clause, of in letters.items()]
    place = differ[0]
    values = listed(f"{part[place]} ({', '.join(of)})" for part, of in zip(parts, letters.values(), strict=True))
    return ["".join((*parts[0][:place], values, *parts[0][place + 1 :]))]


def _data(config: TrainConfig) -> str:
    if config.kind == "point":
        return f"the data are {_points(config)}"
    first = f", the first {config.train_images:,} of the training part" if config.train_images else ""
    return f"the data are {DATA[config.dataset]}, at {config.image_size} × {config.image_size} pixels{first}"


def _points(config: TrainConfig) -> str:
    if config.dataset == "drawn":
        return f"our own points in the plane, each draw with normal noise of standard deviation {number(JITTER)}"
    if config.dataset == "swiss-roll":
        noise = significant(ROLL_NOISE / ROLL_SCALE, 3)
        return f"points from a Swiss roll with normal noise of standard deviation {noise} [gulrajani2017]"
    data = eight_gaussians() if config.dataset == "8-gaussians" else twenty_five_gaussians()
    assert data.centres is not None
    assert data.sd is not None
    place, size = "ring of radius", data.centres.norm(dim=1).max()
    if config.dataset == "25-gaussians":
        place, size = "grid of spacing", torch.pdist(data.centres).min()
    gaussians = f"{len(data.centres)} Gaussians of standard deviation {significant(data.sd, 3)}"
    return f"points from {gaussians} on a {place} {significant(size.item(), 3)} [gulrajani2017]"


def _networks(config: TrainConfig) -> str:
    perceptron = f"{count_of(config.depth, 'hidden layer')} of {config.width} ReLU units"
    latents = count_of(config.latent_dim, "standard normal latent")
    if config.generator:
        noise = number(config.noise_sd)
        return (
            f"the generator is fixed and gives real points plus normal noise of standard deviation {noise} "
            f"[gulrajani2017], and the critic has {perceptron}"
        )
    if config.network == "mlp":
        return f"generator and critic each have {perceptron}, and the generator takes {latents}"
    return (
        f"generator and critic are DCGANs [radford2015] with {config.width} channels in the critic's first layer, "
        f"{latents} and {NORMS[config.critic_norm]}"
    )


def _initial(config: TrainConfig) -> str:
    if config.network == "mlp":
        return "weights and biases start uniformly distributed within ±1 / √fan-in, as is PyTorch's default"
    return (
        "convolutions start normally distributed around 0 and batch norm's scales around 1, both with standard "
        f"deviation {number(INIT_SD)}, and all other parameters at PyTorch's defaults"
    )


def _constraint(config: TrainConfig) -> str:
    if config.constraint == "clip":
        paper = "[arjovsky2017, elsayed2024]" if config.clip_scale == "fan-in" else "[arjovsky2017]"
        where, when = SCOPES[config.clip_scope], ORDERS[config.clip_order]
        return f"{where} of the critic are clamped to {constraint_in_words(config)} {when} {paper}"
    return {
        "gradient-penalty": f"the critic has a gradient penalty of weight {number(config.penalty)}, two-sided, at one "
        "random point between each real and generated sample [gulrajani2017]",
        "spectral-norm": "each of the critic's weight matrices is divided by its spectral norm [miyato2018]",
        "none": "nothing constrains the critic",
    }[config.constraint]


def _optimiser(config: TrainConfig) -> str:
    name = f"RMSprop [tieleman2012] with decay {number(RMSPROP_DECAY)}"
    if config.optimizer == "adam":
        name = f"Adam [kingma2015] with β₁ = {number(config.beta1)} and β₂ = {number(config.beta2)}"
    rates = f"a learning rate of {number(config.critic_lr)}"
    if not config.generator and config.generator_lr != config.critic_lr:
        rates = (
            f"learning rates of {number(config.critic_lr)} for the critic and {number(config.generator_lr)} for the "
            "generator"
        )
    trained = "the critic is" if config.generator else "both networks are"
    return f"{trained} trained with {name}, and {rates}"


def _step(config: TrainConfig) -> str:
    warm_up = f" ({WARM_UP_UPDATES} in each of the first {config.warm_up:,} steps)" if config.warm_up else ""
    generator = "" if config.generator else " and one generator update"
    updates = count_of(config.n_critic, "critic update")
    return f"each step makes {updates}{warm_up}{generator}, with batches of {config.batch_size:,}"


CLAUSES = (_data, _networks, _initial, lambda config: OBJECTIVES[config.objective], _constraint, _optimiser, _step)


def _changes(pick: Pick) -> str:
    """What was changed while a run trained."""
    config, words = pick.config, []
    for _, step, field, value in pick.record.changes:
        config = dataclasses.replace(config, **{field: value})
        words.append(f"the {settings.label(field)} to {settings.in_sentence(config, field)} after step {step:,}")
    if len(words) > FEW:
        changed = map(settings.label, dict.fromkeys(one.field for one in pick.record.changes))
        return f"While {pick.letter} trained, we made {len(words)} changes, to the {listed(changed)}."
    return f"While {pick.letter} trained, we changed {listed(words)}." if words else ""


def _length(pick: Pick) -> str:
    record = pick.record
    whole = record.status is Status.FINISHED or "steps" in record.config.unknown
    made = count_of(record.steps_made, "step")
    return f"training took {made}" if whole else f"training made {record.steps_made:,} of {record.config.steps:,} steps"


def _medians(picks: list[Pick]) -> str:
    """That the table has medians, where seeds repeat."""
    seeds = sorted({len({pick.config.seed for pick in group}) for group in groups.grouped(picks)} - {1})
    if not seeds:
        return ""
    over = " or ".join(map(str, seeds))
    return f"For runs that differ only in their seed, we show medians over {over} seeds, with the smallest and largest."
