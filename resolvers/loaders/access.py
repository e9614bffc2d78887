"""Batched reads of users, roles and their assignments, teams and API keys."""

from uuid import UUID

from sqlalchemy import ColumnElement, select

from db import access as rows
from resolvers.core.loaders import ById, ByUnique
from resolvers.core.pagination import Listing, PagesBy

user_by_id = ById(rows.User)
role_by_id = ById(rows.Role)
role_assignment_by_id = ById(rows.RoleAssignment)
team_by_id = ById(rows.Team)
api_key_by_id = ById(rows.ApiKey)
# Logins have no tenant to lock them by: they are found through their user in this tenant, by no id of their own.
login_by_user = ByUnique(rows.Login, rows.User.id, rows.User.login_id == rows.Login.id)

users = Listing(
    rows.User,
    orders={"CREATED_AT": rows.User.created_at, "DISPLAY_NAME": rows.User.display_name},
    default_order="DISPLAY_NAME",
    filters={
        "status": rows.User.status,
        "number": rows.User.number,
        "email": rows.User.email,
        "username": rows.User.username,
        "employee_number": rows.User.employee_number,
        "display_name": rows.User.display_name,
        "job_title": rows.User.job_title,
        "department_name": rows.User.department_name,
        "manager_id": rows.User.manager_id,
        "last_signed_in_at": rows.User.last_signed_in_at,
        "created_at": rows.User.created_at,
    },
    is_searchable=True,
)

roles = Listing(
    rows.Role,
    orders={"CREATED_AT": rows.Role.created_at, "NAME": rows.Role.name},
    default_order="NAME",
    filters={
        "key": rows.Role.key,
        "name": rows.Role.name,
        "scope": rows.Role.scope,
        "is_system": rows.Role.is_system,
        "is_active": rows.Role.is_active,
        "permissions": rows.Role.permissions,
        "created_at": rows.Role.created_at,
    },
)

role_assignments = Listing(
    rows.RoleAssignment,
    orders={"CREATED_AT": rows.RoleAssignment.created_at},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "user_id": rows.RoleAssignment.user_id,
        "role_id": rows.RoleAssignment.role_id,
        "is_active": rows.RoleAssignment.is_active,
        "expires_at": rows.RoleAssignment.expires_at,
        "assigned_at": rows.RoleAssignment.assigned_at,
    },
)

teams = Listing(
    rows.Team,
    orders={"CREATED_AT": rows.Team.created_at, "NAME": rows.Team.name},
    default_order="NAME",
    filters={
        "name": rows.Team.name,
        "team_type": rows.Team.team_type,
        "is_active": rows.Team.is_active,
        "parent_team_id": rows.Team.parent_team_id,
        "manager_id": rows.Team.manager_id,
        "created_at": rows.Team.created_at,
    },
    is_searchable=True,
)

api_keys = Listing(
    rows.ApiKey,
    orders={"CREATED_AT": rows.ApiKey.created_at, "NAME": rows.ApiKey.name},
    default_order="CREATED_AT",
    is_default_descending=True,
    filters={
        "name": rows.ApiKey.name,
        "prefix": rows.ApiKey.prefix,
        "scopes": rows.ApiKey.scopes,
        "is_active": rows.ApiKey.is_active,
        "created_by_id": rows.ApiKey.created_by_id,
        "expires_at": rows.ApiKey.expires_at,
        "last_used_at": rows.ApiKey.last_used_at,
        "revoked_at": rows.ApiKey.revoked_at,
        "created_at": rows.ApiKey.created_at,
    },
)


def _members(key: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The users who belong to a team now. The key is a column of the batch's keys, two levels further out."""
    of_team = select(rows.TeamMember.user_id).where(rows.TeamMember.team_id == key)
    return rows.User.id.in_(of_team.where(rows.TeamMember.left_at.is_(None)).correlate_except(rows.TeamMember))


def _memberships(key: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The teams that a user belongs to now."""
    of_user = select(rows.TeamMember.team_id).where(rows.TeamMember.user_id == key)
    return rows.Team.id.in_(of_user.where(rows.TeamMember.left_at.is_(None)).correlate_except(rows.TeamMember))


users_by_manager = PagesBy(users, lambda key: rows.User.manager_id == key)
users_by_team = PagesBy(users, _members)
teams_by_user = PagesBy(teams, _memberships)
teams_by_parent = PagesBy(teams, lambda key: rows.Team.parent_team_id == key)
teams_by_manager = PagesBy(teams, lambda key: rows.Team.manager_id == key)
role_assignments_by_user = PagesBy(role_assignments, lambda key: rows.RoleAssignment.user_id == key)
role_assignments_by_role = PagesBy(role_assignments, lambda key: rows.RoleAssignment.role_id == key)
api_keys_by_creator = PagesBy(api_keys, lambda key: rows.ApiKey.created_by_id == key)
