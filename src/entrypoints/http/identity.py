"""What the API needs to know people and keys, and how their cookies and addresses are to be taken."""

import attrs

from ...application.api_keys import ManageApiKeys
from ...application.login import LogIn
from ...application.people import ChangePassword, ManagePeople
from ...application.sessions import CarryOn, OpenSession
from .client_address import Network


@attrs.frozen(kw_only=True)
class Identity:
    """The use cases about people and keys.

    `trusted_proxies` are believed about where a request comes from. Cookies are not `secure` on a developer's machine.
    """

    log_in: LogIn
    open_session: OpenSession
    carry_on: CarryOn
    people: ManagePeople
    change_password: ChangePassword
    api_keys: ManageApiKeys
    trusted_proxies: tuple[Network, ...] = ()
    secure_cookies: bool = True
