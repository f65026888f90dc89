"""The objects of an emulated Agilicus that have a spec and metadata: five kinds, one set of five operations for all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ..messages import ApiCall, ApiError, Reply
from .listing import limit_rows, matches
from .service_base import NOTHING, AgilicusServiceBase, create_created_reply, list_owned
from .state import AgilicusState, Json


class EntityKind:
    """What is particular to one kind of object; its five operations follow from that.

    A kind that a user owns stands below the path of its user, and in its table by the user's id and its own.
    """

    name: ClassVar[str]
    """As in create_NAME."""
    plural: ClassVar[str]
    """As in list_PLURAL."""
    id_parameter: ClassVar[str]
    list_member: ClassVar[str]
    """The member of a list's answer that holds the objects."""
    has_owner: ClassVar[bool] = False
    filters: ClassVar[Mapping[str, str]] = {}
    """Query parameters of the list, and the members of the spec that they are compared with."""
    scope: ClassVar[Mapping[str, str]] = {}
    """The same for a single object: one that does not match is not found."""
    defaults: ClassVar[Json] = {}

    @abstractmethod
    def get_table(self, tenant: AgilicusState) -> dict[Any, Json]:
        """Return where the objects of this kind are kept."""

    def check_new(self, service: AgilicusServiceBase, call: ApiCall, spec: Json) -> None:
        """Refuse a spec that cannot be created, by raising ApiError."""

    def check_change(self, service: AgilicusServiceBase, call: ApiCall, entity: Json, spec: Json) -> None:
        """Refuse a spec that cannot take the place of the entity's, by raising ApiError."""
        self.check_new(service, call, spec)

    def complete_new(self, service: AgilicusServiceBase, entity: Json) -> None:
        """Add to a new entity what the service makes itself."""

    def choose_stored_spec(self, old: Json, new: Json) -> Json:
        """Return the spec to store in place of the old one."""
        return new

    def is_listed(self, entity: Json, query: Mapping[str, Any]) -> bool:
        return matches(entity["spec"], query, self.filters)

    def create_answer(self, service: AgilicusServiceBase, entity: Json) -> Json:
        """Return the entity as an answer shows it."""
        return entity

    def check_removal(self, call: ApiCall, entity: Json) -> None:
        """Refuse a removal by raising ApiError."""

    def remove_dependents(self, service: AgilicusServiceBase, entity: Json) -> None:
        """Remove what goes with a removed entity."""

    # The five operations

    def create(self, service: AgilicusServiceBase, call: ApiCall) -> Reply:
        spec = service.require_body(call.body)["spec"]
        if self.has_owner:
            service.find_user(call.path["user_id"])
        self.check_new(service, call, spec)
        entity = service.create_unstored_entity({**self.defaults, **spec})
        self.complete_new(service, entity)
        self.get_table(service.tenant)[self._create_table_key(call, entity["metadata"]["id"])] = entity
        service.record_change("created", entity["metadata"]["id"])
        return create_created_reply(self.create_answer(service, entity))

    def get(self, service: AgilicusServiceBase, call: ApiCall) -> Json:
        return self.create_answer(service, self.find_entity(service, call))

    def list(self, service: AgilicusServiceBase, call: ApiCall) -> Json:
        rows: Iterable[Json] = self.get_table(service.tenant).values()
        if self.has_owner:
            owner = service.find_user(call.path["user_id"])["id"]
            rows = list_owned(self.get_table(service.tenant), owner)
        listed = [
            self.create_answer(service, entity) for entity in rows if self.is_listed(entity, call.query)
        ]
        return limit_rows(self.list_member, listed, call.query)

    def replace(self, service: AgilicusServiceBase, call: ApiCall) -> Json:
        entity = self.find_entity(service, call)
        spec = service.require_body(call.body)["spec"]
        self.check_change(service, call, entity, spec)
        entity["spec"] = self.choose_stored_spec(entity["spec"], spec)
        entity["metadata"]["updated"] = service.format_now()
        service.record_change("updated", entity["metadata"]["id"])
        return self.create_answer(service, entity)

    def delete(self, service: AgilicusServiceBase, call: ApiCall) -> Reply:
        entity = self.find_entity(service, call)
        self.check_removal(call, entity)
        del self.get_table(service.tenant)[self._create_table_key(call, entity["metadata"]["id"])]
        self.remove_dependents(service, entity)
        service.record_change("deleted", entity["metadata"]["id"])
        return NOTHING

    def find_entity(self, service: AgilicusServiceBase, call: ApiCall) -> Json:
        """Return the object that a call names; ApiError 404 where it is not there or not in the call's scope."""
        entity_id = call.path[self.id_parameter]
        noun = self.name.replace("_", " ")
        entity = service.look_up(
            self.get_table(service.tenant), self._create_table_key(call, entity_id), noun
        )
        if not matches(entity["spec"], call.query, self.scope):
            raise ApiError(404, f"The {noun} {entity_id!r} is another user's or organisation's.")
        return entity

    def _create_table_key(self, call: ApiCall, entity_id: str) -> Any:
        return (call.path["user_id"], entity_id) if self.has_owner else entity_id
