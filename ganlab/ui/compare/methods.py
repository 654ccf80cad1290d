"""How the compared runs were made and measured: a paragraph for a paper, and the BibTeX of what it cites."""

import dataclasses
import re
from collections.abc import Iterable

import numpy as np
import torch

import ganlab
from ganlab.config import TrainConfig
from ganlab.formatting import count_of, number
from ganlab.gan.holding import constraint_in_words
from ganlab.measure.reading import READINGS
from ganlab.runs.snapshot import Status
from ganlab.ui.compare import gradients, settings
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import references

CITED = re.compile(r"\[([a-z0-9, ]+)\]")  # keys of papers
NUMBER = re.compile(r"([±−]?\d+(?:[.,]\d+)*(?:e[+−]\d+)?)")  # as `formatting.number` writes it, or with commas
FEW = 3  # changes of a run that are named one by one
DATA = {
    "digits": "the 1,797 handwritten digits of scikit-learn [alpaydin1998]",
    "mnist": "the 60,000 training images of MNIST [lecun1998]",
    "fashion-mnist": "the 60,000 training images of Fashion-MNIST [xiao2017]",
    "cifar10": "the 50,000 training images of CIFAR-10 [krizhevsky2009]",
    "images": "our own images",
    "8-gaussians": "points from a ring of eight Gaussians [gulrajani2017]",
    "25-gaussians": "points from a grid of 25 Gaussians [gulrajani2017]",
    "swiss-roll": "points from a Swiss roll [gulrajani2017]",
    "drawn": "our own points in the plane",
}
OBJECTIVES = {
    "wasserstein": "the critic maximises the difference between its mean scores of real and of generated samples "
    "[arjovsky2017]",
    "non-saturating": "the critic is trained as a classifier, the generator on the non-saturating loss "
    "[goodfellow2014]",
    "hinge": "critic and generator are trained on the hinge loss [lim2017, miyato2018]",
}
NORMS = {"batch": "batch norm in both", "layer": "batch norm in the generator and layer norm [ba2016] in the critic"}
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
    said = [_shared(known, [clause(pick.config) for pick in known]) for clause in CLAUSES]
    said += [_shared(loops, [f"the loop is not ganlab's; {_constraint(pick.config)}" for pick in loops])]
    said += [*map(_changes, picks), _shared(picks, map(_length, picks)), _measures(picks)]
    versions = f"ganlab {ganlab.__version__} [ganlab] and PyTorch {torch.__version__.partition('+')[0]} [paszke2019]"
    return " ".join(filter(None, (*said, f"The comparison was made with {versions}.")))


def _shared(picks: list[Pick], clauses: Iterable[str]) -> str:
    """The clause of each run as one sentence, which names runs only if they differ."""
    groups: dict[str, list[str]] = {}
    for pick, clause in zip(picks, clauses, strict=True):
        groups.setdefault(clause, []).append(pick.letter)
    words = list(groups)
    if len(groups) > 1:
        alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for clause, letters in groups.items():
            alike.setdefault(tuple(NUMBER.split(clause)[::2]), {})[clause] = letters
        words = [text for clauses in alike.values() for text in _lettered(clauses)]
    text = "; ".join(words)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _lettered(letters: dict[str, list[str]]) -> list[str]:
    """Clauses that differ only in numbers, with the letters of their runs; one clause if only one number differs."""
    parts = [NUMBER.split(clause) for clause in letters]
    differ = [i for i in range(len(parts[0])) if len({part[i] for part in parts}) > 1]
    if len(differ) != 1:
        return [f"{', '.join(of)}: {clause}" for clause, of in letters.items()]
    place = differ[0]
    *most, last = [f"{part[place]} ({', '.join(of)})" for part, of in zip(parts, letters.values(), strict=True)]
    return ["".join((*parts[0][:place], f"{', '.join(most)} and {last}", *parts[0][place + 1 :]))]


def _data(config: TrainConfig) -> str:
    if config.kind == "point":
        return f"the data are {DATA[config.dataset]}"
    first = f", the first {config.train_images:,} of the training part" if config.train_images else ""
    return f"the data are {DATA[config.dataset]}, at {config.image_size} × {config.image_size} pixels{first}"


def _networks(config: TrainConfig) -> str:
    perceptron = f"{count_of(config.depth, 'hidden layer')} of {config.width} ReLU units"
    latents = f"{config.latent_dim} normally distributed latents"
    if config.generator:
        noise = number(config.noise_sd)
        return (
            f"the generator is fixed: real points plus normal noise of standard deviation {noise} [gulrajani2017]; the "
            f"critic has {perceptron}"
        )
    if config.network == "mlp":
        return f"generator and critic have {perceptron} each, and the generator {latents}"
    norms = NORMS.get(config.critic_norm, "batch norm in the generator only")
    return (
        f"generator and critic are DCGANs [radford2015] with {config.width} channels in the critic's first layer, "
        f"{latents} and {norms} [ioffe2015]"
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
    name = "RMSprop [tieleman2012]"
    if config.optimizer == "adam":
        name = f"Adam [kingma2015] with β₁ = {number(config.beta1)} and β₂ = {number(config.beta2)}"
    rates = f"a learning rate of {number(config.critic_lr)} for the critic"
    if not config.generator:
        rates += f" and {number(config.generator_lr)} for the generator"
    warm_up = f", 100 of them in each of the first {config.warm_up:,} steps" if config.warm_up else ""
    updates = f"{count_of(config.n_critic, 'critic update')} per step{warm_up}"
    return f"training uses {name}, {rates}, batches of {config.batch_size:,} and {updates}"


def _seed(config: TrainConfig) -> str:
    return f"the seed is {config.seed}"


CLAUSES = (_data, _networks, lambda config: OBJECTIVES[config.objective], _constraint, _optimiser, _seed)


def _changes(pick: Pick) -> str:
    """What was changed while a run trained."""
    config, words = pick.config, []
    for _, step, field, value in pick.record.changes:
        config = dataclasses.replace(config, **{field: value})
        words.append(f"{settings.label(field)} to {settings.value(config, field)} after step {step:,}")
    if len(words) > FEW:
        changed = map(settings.label, dict.fromkeys(one.field for one in pick.record.changes))
        return f"While {pick.letter} trained, {len(words)} changes were made, of {', '.join(changed)}."
    return f"While {pick.letter} trained, these changes were made: {', '.join(words)}." if words else ""


def _length(pick: Pick) -> str:
    record = pick.record
    whole = record.status is Status.FINISHED or "steps" in record.config.unknown
    of_all = "" if whole else f" of {record.config.steps:,}"
    return f"{record.steps_made:,}{of_all} steps were made"


def _measures(picks: list[Pick]) -> str:
    """What the newest looks of the instruments hold, and the gradients."""
    newest = np.concatenate([pick.record.readings[-1:] for pick in picks])

    def measured(column: str) -> np.ndarray:
        return np.isfinite(newest[:, READINGS.index(column)])

    sliced, in_modes = newest[:, READINGS.index("w1_sliced")] > 0, measured("high_quality_share")
    found = {
        "the Wasserstein-1 distance between generated and real samples, by optimal assignment": measured("w1")
        & ~sliced,
        "the sliced Wasserstein-1 distance between generated and held-out images [bonneel2015]": measured("w1")
        & sliced,
        "modes, and points within three standard deviations of one, among 2,500 [lin2018]": in_modes,
        "classes, by a vote of each image's five nearest held-out images": measured("modes_missing") & ~in_modes,
        "precision and recall [kynkaanniemi2019], density and coverage [naeem2020], and a 1-nearest-neighbour "
        "two-sample test [lopezpaz2017]": measured("precision"),
        "the critic's steepest slope at, and between, real and generated samples": measured("largest_gradient"),
        "the product of the norms of the critic's layers, which bounds its slope [miyato2018]": measured("lower_bound"),
        "the norm of the critic loss's gradient at each layer [gulrajani2017]": np.array(
            [bool(gradients.known(picks))]
        ),
    }
    words = [text for text, where in found.items() if where.any()]
    return f"Measured are {'; '.join(words)}." if words else ""
