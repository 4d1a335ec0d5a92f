"""Weights drawn by a seed."""

import threading

import torch

from models.seeded import seeded


def test_threads_draw_one_after_the_other_what_they_would_draw_alone():
    def drawn(seed: int) -> torch.Tensor:
        with seeded(seed):
            return torch.cat([torch.randn(500) for _ in range(20)])

    alone = [drawn(seed) for seed in range(4)]
    found: dict[int, torch.Tensor] = {}
    threads = [threading.Thread(target=lambda seed=seed: found.update({seed: drawn(seed)})) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[seed], alone[seed]) for seed in range(4))


def test_the_generator_goes_on_where_it_was():
    torch.manual_seed(7)
    expected = torch.randn(6)
    torch.manual_seed(7)
    before = torch.randn(3)
    with seeded(1):
        torch.randn(100)
    assert torch.equal(torch.cat([before, torch.randn(3)]), expected)
