"""The failures of this package.

    ModerationError
    ├── hygiene.HygieneError    the text cannot be accepted as a customer's text; carries a code
    └── guards.GuardError       a contract could not be judged at all

A text that breaks the policy is not a failure: it is a `Verdict`. Neither is a value that breaks a contract: it is a
`Judged` with failures.
"""


class ModerationError(Exception):
    """Anything that keeps moderation from giving a verdict."""
