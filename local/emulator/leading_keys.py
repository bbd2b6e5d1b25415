"""Has ministack evaluate the condition key dynamodb:LeadingKeys, which 1.5.33 leaves out: ForAllValues holds for a key
that a request does not have, and so a role might write every item here, and be refused its own only on AWS.

The keys of a transaction are taken together. AWS does not say whether it does that or looks at each write by itself:
what is allowed here is allowed either way.
"""

import json
import re

from ministack.core import iam_actions

_context = iam_actions.dynamodb_service_context

# Where the one-item operations and the writes of a transaction have their key.
_MEMBERS = ("Put", "Update", "Delete", "Get", "ConditionCheck")


def _partition_key(table: str) -> str:
    from ministack.services import dynamodb  # not before ministack has its settings

    return (dynamodb._tables.get(table.rsplit("/", 1)[-1]) or {}).get("pk_name", "")


def _keys(request: dict) -> list:
    if "TransactItems" in request:
        return [key for item in request["TransactItems"] for member in _MEMBERS for key in _keys(item.get(member) or {})]
    name = _partition_key(request.get("TableName", ""))
    item = request.get("Key") or request.get("Item")
    if item is not None:
        return list((item.get(name) or {}).values())
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    return [
        key
        for left, right in re.findall(r"([#\w]+)\s*=\s*(:\w+)", request.get("KeyConditionExpression", ""))
        if names.get(left, left) == name
        for key in (values.get(right) or {}).values()
    ]


def dynamodb_service_context(body: bytes) -> dict:
    context = _context(body)
    try:
        keys = _keys(json.loads(body or b"{}"))
    except (AttributeError, TypeError, ValueError):
        return context  # ministack refuses such a request itself
    return {**context, "dynamodb:LeadingKeys": keys} if keys else context


iam_actions.dynamodb_service_context = dynamodb_service_context
