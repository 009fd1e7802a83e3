"""A pytest plugin for the mutants' runs: the same examples each time, and no time spent on shrinking what fails."""

from hypothesis import Phase, settings

settings.register_profile("mutants", phases=(Phase.explicit, Phase.generate), database=None, derandomize=True)
settings.load_profile("mutants")
