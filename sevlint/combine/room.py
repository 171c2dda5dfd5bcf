"""Guests against the pools that they take from."""

from __future__ import annotations

from sevlint.facts.amd import AsidPools
from sevlint.facts.domain import AutostartedDomains, Domain
from sevlint.facts.room import GuestRoom, Room
from sevlint.model import Goal
from sevlint.rule import combiner


@combiner
def guest_room(pools: AsidPools, domains: tuple[Domain, ...], autostarted: AutostartedDomains) -> GuestRoom:
    """SEV-ES and SEV-SNP guests share a pool, unless ciphertext hiding splits it (amd-host 7.1, 7.4)."""
    shared = (Goal.SEV_ES,) if pools.sev_snp is not None else (Goal.SEV_ES, Goal.SEV_SNP)
    known = ((pools.sev, (Goal.SEV,)), (pools.sev_es, shared), (pools.sev_snp, (Goal.SEV_SNP,)))
    busy: dict[str, Goal | None] = {}
    for domain in domains:
        if domain.launch_security is not None and (domain.running or domain.name in autostarted.names):
            busy[domain.uuid or domain.name] = domain.launch_security.goal
    return GuestRoom(
        tuple(
            Room(goals, sum(goal in goals for goal in busy.values()), pool.size, pool.place)
            for pool, goals in known
            if pool is not None
        )
    )
