"""What tests of ProVerif need."""

import shutil

import pytest

from properties.prover import PROVER

needs_prover = pytest.mark.skipif(shutil.which(PROVER) is None, reason=f"not installed: {PROVER}")
