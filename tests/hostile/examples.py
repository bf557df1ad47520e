"""How many examples a property test tries: 50 in every run, and at least 500 where the slow tests run."""

import pytest
from hypothesis import settings

EXAMPLES = [50, pytest.param(max(500, settings.default.max_examples), marks=pytest.mark.slow)]
