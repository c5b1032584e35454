"""The directory as it would be after a plan: what `odzew check FILE` judges, with nothing written."""

from __future__ import annotations

from odzew.model import Keyword, Target
from odzew.setup.plan import Plan
from odzew.store.directory import Directory


def after(directory: Directory, plan: Plan) -> Directory:
    """`directory` with the plan laid over it. New things keep the plan's negative ids; tokens still to be made have no SHA-256."""
    result = Directory(
        directory.counter,
        accounts={**directory.accounts, **{account.id: account for account in plan.accounts}},
        users={**directory.users, **{user.login: user for user in plan.users}},
        numbers={**directory.numbers, **{number.address: number for number in plan.numbers}},
        keywords_by_id={**directory.keywords_by_id, **{keyword.id: keyword for keyword in plan.keywords}},
        sources={**directory.sources, **{source.name: source for source in plan.sources}},
        installation={**directory.installation, **plan.installation},
    )
    tokens = {**{token.id: token for token in directory.tokens.values()}, **{token.id: token for token in plan.tokens}}
    result.tokens = {token.sha256 or str(token.id).encode(): token for token in tokens.values()}
    result.numbers_by_id = {number.id: number for number in result.numbers.values()}
    result.sources_by_id = {source.id: source for source in result.sources.values()}
    _index_keywords(result, list(result.keywords_by_id.values()))
    result.withholding = any(number.drop_blacklisted for number in result.numbers_by_id.values()) or any(
        keyword.drop_blacklisted for keyword in result.keywords_by_id.values()
    )
    removed = {target.id for target in plan.removed_targets}
    _index_targets(result, [*(t for t in directory.targets.values() if t.id not in removed), *plan.targets])
    return result


def _index_keywords(directory: Directory, keywords: list[Keyword]) -> None:
    for keyword in keywords:
        directory.keywords.setdefault(keyword.number_id, {})[keyword.words] = keyword
        directory.longest_keyword[keyword.number_id] = max(len(keyword.words), directory.longest_keyword.get(keyword.number_id, 0))


def _index_targets(directory: Directory, targets: list[Target]) -> None:
    """A later target of the same id counts."""
    directory.targets = {target.id: target for target in targets}
    levels: dict[tuple[str, int], list[Target]] = {}
    for target in directory.targets.values():
        levels.setdefault((target.level, target.level_id), []).append(target)
    directory.levels = {key: tuple(found) for key, found in levels.items()}
