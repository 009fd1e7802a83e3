"""Who people are and what their keys may do, put together."""

from dependency_injector import providers

from ..adapters.security.keys import ApiKeys, issue
from ..application.access import Authenticate
from ..application.api_keys import ManageApiKeys
from ..application.keys import AdoptKey, CreateKey
from ..application.login import LogIn, Throttle
from ..application.people import ChangePassword, ManagePeople
from ..application.recent_keys import RecentKeys
from ..application.sessions import CarryOn, ForgetSessions, OpenSession, WriteTokens
from ..domain.logins import WINDOW
from .foundation import Foundation
from .securing import open_access_tokens, open_passwords, open_refresh_tokens


class Identities(Foundation):
    """People, their sessions and their keys."""

    settings, units_of_work = Foundation.settings, Foundation.units_of_work
    clock, ids = Foundation.clock, Foundation.ids

    keys = providers.Singleton(ApiKeys)
    passwords = providers.Singleton(open_passwords)
    access_tokens = providers.Singleton(open_access_tokens, settings, clock)
    refresh_tokens = providers.Singleton(open_refresh_tokens, settings)
    write_tokens = providers.Factory(WriteTokens, access_tokens, refresh_tokens, clock, ids)
    open_session = providers.Factory(OpenSession, units_of_work, ids, write_tokens, settings.provided.session)
    carry_on = providers.Factory(CarryOn, units_of_work, refresh_tokens, write_tokens)
    throttle = providers.Factory(Throttle, units_of_work)
    log_in = providers.Factory(LogIn, units_of_work, passwords, throttle, open_session)
    people = providers.Factory(ManagePeople, units_of_work, ids, passwords)
    change_password = providers.Factory(ChangePassword, units_of_work, passwords)
    api_keys = providers.Factory(ManageApiKeys, units_of_work, ids, providers.Object(issue))
    look_up = providers.Factory(Authenticate, units_of_work, keys, clock, access_tokens)
    authenticate = providers.Singleton(RecentKeys, look_up, clock)
    create_key = providers.Factory(CreateKey, units_of_work, ids, providers.Object(issue))
    adopt_key = providers.Factory(AdoptKey, units_of_work, ids, keys)
    forget_sessions = providers.Factory(ForgetSessions, units_of_work, WINDOW)
