"""The login: what a person signs in with. Only its holder sees it, through the viewer; it has no global id."""

from datetime import datetime

from db.enums import access as enums
from gql.core.enums import register
from gql.core.fields import column
from gql.core.node import value_type
from resolvers.loaders import access as loaders

register(enums)


@value_type(loaders.login_by_user.row, "What the viewer signs in with, in every tenant that they may enter.")
class Login:
    email: str = column("The e-mail address that signs in, in lower case.")
    status: enums.LoginStatus = column("Whether the login may sign in at all, in any tenant.")
    email_verified_at: datetime | None = column("When the address was found to be the person's; null while it is not.")
    password_changed_at: datetime | None = column("When the password was last changed; null if it never was.")
    is_password_change_required: bool = column("Whether the password must be changed before anything else.")
    last_signed_in_at: datetime | None = column("When the login last signed in, in whichever tenant.")
    sign_in_count: int = column("How often the login has signed in, in all tenants.")
