"""Which way fits: a short questionnaire as data, and features ranked by its answers with reasons, limits and costs.

Source: "Integrate your app with an Azure Virtual Network", sections "Hybrid Connections and App Service Environments" and
"Pricing details"; what changed since stands at each feature with its own source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mi_workbook.core.errors import InputError

FILE = Path(__file__).parent / "features.toml"


@dataclass(frozen=True, slots=True)
class Feature:
    """A way to connect an app. seed: what the older document says of it, and what holds today."""

    id: str
    title: str
    what: str
    limits: tuple[str, ...]
    costs: tuple[str, ...]
    seed: str
    source: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What an answer says of a feature. points: None excludes it."""

    feature: str
    points: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Option:
    """An answer that can be chosen."""

    id: str
    text: str
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the questionnaire."""

    id: str
    text: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A feature with what the answers say of it. excluded: reasons for which it cannot serve, empty where it can."""

    feature: Feature
    points: int
    speaks_for: tuple[str, ...]
    speaks_against: tuple[str, ...]
    excluded: tuple[str, ...]


@cache
def questionnaire() -> tuple[tuple[Feature, ...], tuple[Question, ...]]:
    """Features and questions. Raises InputError with all mistakes of the data file at once."""
    return read(FILE.read_text(encoding="utf-8"), FILE.name)


def read(text: str, name: str) -> tuple[tuple[Feature, ...], tuple[Question, ...]]:
    """Features and questions from their text. Raises InputError that lists all mistakes."""
    try:
        data = tomllib.loads(text)
        features = tuple(_feature(raw) for raw in data["feature"])
        questions = tuple(_question(raw) for raw in data["question"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InputError(f"It is not a questionnaire: {error!r}.", file=name, remedy="Mend the entry named.") from None
    known = {one.id for one in features}
    lost = [
        f"{question.id}/{option.id}: feature {effect.feature} is not known"
        for question in questions
        for option in question.options
        for effect in option.effects
        if effect.feature not in known
    ]
    if lost:
        raise InputError("; ".join(lost), file=name, remedy="Mend all of them.")
    return features, questions


def _feature(raw: Mapping[str, Any]) -> Feature:
    return Feature(
        raw["id"], raw["title"], raw["what"], tuple(raw["limits"]), tuple(raw["costs"]), raw["seed"], raw["source"]
    )


def _question(raw: Mapping[str, Any]) -> Question:
    return Question(raw["id"], raw["text"], tuple(_option(one) for one in raw["option"]))


def _option(raw: Mapping[str, Any]) -> Option:
    effects = tuple(Effect(one["feature"], one.get("points"), one["says"]) for one in raw["effects"])
    return Option(raw["id"], raw["text"], effects)


def rank(answers: Mapping[str, str]) -> tuple[Ranked, ...]:
    """The features by what the answers say: those that can serve first, by points, in the file's order where equal.

    answers: option id by question id; a question may be left out. Raises InputError for an unknown question or option.
    """
    features, questions = questionnaire()
    chosen = [_chosen(questions, question, option) for question, option in answers.items()]
    effects = [effect for option in chosen for effect in option.effects]
    ranked = [_ranked(one, [e for e in effects if e.feature == one.id]) for one in features]
    return tuple(sorted(ranked, key=lambda one: (bool(one.excluded), -one.points)))


def unanswered(answers: Mapping[str, str]) -> tuple[Question, ...]:
    """Questions that could still change the order."""
    return tuple(one for one in questionnaire()[1] if one.id not in answers)


def _chosen(questions: tuple[Question, ...], question_id: str, option_id: str) -> Option:
    question = next((one for one in questions if one.id == question_id), None)
    if question is None:
        known = ", ".join(one.id for one in questions)
        raise InputError(f"There is no question '{question_id}'.", remedy=f"Known: {known}.")
    option = next((one for one in question.options if one.id == option_id), None)
    if option is None:
        known = ", ".join(one.id for one in question.options)
        raise InputError(f"'{question_id}' has no answer '{option_id}'.", remedy=f"Known: {known}.")
    return option


def _ranked(feature: Feature, effects: list[Effect]) -> Ranked:
    points = [(effect.points, effect.says) for effect in effects]
    return Ranked(
        feature,
        sum(value for value, _ in points if value is not None),
        tuple(says for value, says in points if value is not None and value > 0),
        tuple(says for value, says in points if value is not None and value <= 0),
        tuple(says for value, says in points if value is None),
    )
