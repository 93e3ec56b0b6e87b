"""Every named design against a dozen attackers on every property, traces replayed, on all cores and on one.

python -m benchmarks.matrix
"""

import time
from itertools import islice

from openworld.jobs import Question, answers
from openworld.tables.verdicts import cases
from properties.attackers import every_attacker
from simulations.processes import cores

MOST = 12


def main() -> None:
    """Run the whole matrix and a third of it on one core, and print what both take."""
    matrix = cases(attackers=dict(islice(every_attacker().items(), MOST)))
    questions = [Question(case.prop.name, case.configuration) for case in matrix]
    designs = len({case.design for case in matrix})
    properties = len({case.prop.name for case in matrix})
    print(f"{designs} designs, {MOST} attackers, {properties} properties: {len(questions)} verdicts")
    everything = _timed(questions, cores())
    print(f"  {cores()} processes {everything:8.1f} s   {1000 * everything / len(questions):6.1f} ms a verdict")
    third = questions[::3]
    alone = _timed(third, 1)
    print(f"  every third, one process {alone:6.1f} s   {1000 * alone / len(third):6.1f} ms a verdict")
    print(f"  ratio a verdict {alone / len(third) / (everything / len(questions)):.2f}")


def _timed(questions: list[Question], workers: int) -> float:
    started = time.perf_counter()
    for _ in answers(questions, workers, by_design=True):
        pass
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
