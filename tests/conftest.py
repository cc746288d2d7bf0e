"""What every test starts from: no settings of the machine it runs on, and random cases that can be had again."""

import os

from hypothesis import settings

for name in [name for name in os.environ if name.startswith("SIBAN_")]:
    del os.environ[name]  # programs that tests start inherit this too

# One commit, one verdict: whoever sees red has changed something. No time limit for a case: machines are shared.
settings.register_profile("steady", derandomize=True, max_examples=60, stateful_step_count=30, deadline=None)
# For nights and doubts, `pytest --hypothesis-profile search`: new cases each time, and what fails is kept and printed.
settings.register_profile("search", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile("steady")
