"""Makes ministack evaluate the condition key dynamodb:LeadingKeys, which version 1.5.33 does not set. ForAllValues is
true for a missing key. Without this module a role could write every item here, and a wrong policy would fail only on AWS.

The keys of a transaction are evaluated together. AWS does not document whether it does the same or evaluates each write
separately. What is allowed here is allowed in both cases.
"""

import json
import re

from ministack.core import iam_actions

_context = iam_actions.dynamodb_service_context

# The members of a transaction's items that have a key.
_MEMBERS = ("Put", "Update", "Delete", "Get", "ConditionCheck")


def _partition_key(table: str) -> str:
    from ministack.services import dynamodb  # ministack must read its settings first

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
        return context  # ministack rejects such a request
    return {**context, "dynamodb:LeadingKeys": keys} if keys else context


iam_actions.dynamodb_service_context = dynamodb_service_context
