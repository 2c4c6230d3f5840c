import subprocess
import sys

import moderation


def test_every_public_name_is_there() -> None:
    assert all(hasattr(moderation, name) for name in moderation.__all__)
    assert moderation.__all__ == sorted(
        moderation.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )


def test_importing_the_package_imports_neither_guardrails_nor_other_packages_of_the_project() -> None:
    program = (
        "import sys, moderation\n"
        "heavy = {'guardrails', 'litellm', 'opentelemetry', 'chains', 'assistant', 'evals'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
