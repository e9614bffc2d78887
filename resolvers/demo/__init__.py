"""Demo data: an insurance broker with two tenants, another one beside it, and on request twenty large ones."""

from resolvers.demo.loading import load
from resolvers.demo.plan import LARGE, SIGN_INS, SMALL, SignIn, TenantPlan
from resolvers.demo.sign_ins import access_token

__all__ = ["LARGE", "SIGN_INS", "SMALL", "SignIn", "TenantPlan", "access_token", "load"]
