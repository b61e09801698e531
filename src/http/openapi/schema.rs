//! A schema says what the model's shape says, all of it and nothing else.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema,
    SchemaFormat, Type,
};
use utoipa::openapi::{Ref, RefOr};

use super::pattern::{NO_NUL, ecma};
use crate::wire::{Bounds, Kind, Location, Member, Shape};

/// The named schemas, each once, however often it is referred to.
#[derive(Default)]
pub(super) struct Schemas(pub BTreeMap<String, RefOr<Schema>>);

impl Schemas {
    /// The schema of a value: structures, unions and enums by their names.
    pub(super) fn of(&mut self, shape: &'static Shape) -> RefOr<Schema> {
        match &shape.kind {
            Kind::Text { length, pattern } => text(length)
                .pattern(Some(pattern.as_ref().map_or(NO_NUL.to_owned(), ecma)))
                .into(),
            Kind::Integer(bounds) => integer(bounds).into(),
            Kind::Boolean => of_type(Type::Boolean).into(),
            Kind::Timestamp => of_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .into(),
            Kind::List { member, length } => ArrayBuilder::new()
                .items(self.of(member))
                .min_items(count(length.min))
                .max_items(count(length.max))
                .into(),
            Kind::Map { key, value, length } => {
                let names = match self.of(key) {
                    RefOr::T(names) => Some(names),
                    // A name of an enum would be one; the model has no such map.
                    RefOr::Ref(_) => None,
                };
                of_type(Type::Object)
                    .property_names(names)
                    .additional_properties(Some(AdditionalProperties::from(self.of(value))))
                    .min_properties(count(length.min))
                    .max_properties(count(length.max))
                    .into()
            }
            Kind::Choice(_) | Kind::Structure(_) | Kind::Union(_) => self.named(shape),
        }
    }

    fn named(&mut self, shape: &'static Shape) -> RefOr<Schema> {
        if !self.0.contains_key(shape.name) {
            // First the name alone, since a structure can hold itself.
            let own = RefOr::Ref(Ref::from_schema_name(shape.name));
            self.0.insert(shape.name.to_owned(), own);
            let schema = match &shape.kind {
                Kind::Choice(values) => of_type(Type::String)
                    .enum_values(Some(values.iter().copied()))
                    .into(),
                Kind::Union(members) => self.union(members),
                Kind::Structure(members) => self.structure(members).into(),
                Kind::Text { .. }
                | Kind::Integer(_)
                | Kind::Boolean
                | Kind::Timestamp
                | Kind::List { .. }
                | Kind::Map { .. } => self.of(shape),
            };
            self.0.insert(shape.name.to_owned(), schema);
        }
        RefOr::Ref(Ref::from_schema_name(shape.name))
    }

    /// What travels in the body; the rest are parameters.
    fn structure(&mut self, members: &'static [Member]) -> ObjectBuilder {
        let in_body = members.iter().filter(|it| it.location == Location::Body);
        in_body.fold(of_type(Type::Object), |object, member| {
            let object = object.property(member.name, self.of(member.shape));
            if member.required {
                object.required(member.name)
            } else {
                object
            }
        })
    }

    /// Exactly one of the members is there.
    fn union(&mut self, members: &'static [Member]) -> RefOr<Schema> {
        members
            .iter()
            .map(|member| {
                of_type(Type::Object)
                    .property(member.name, self.of(member.shape))
                    .required(member.name)
            })
            .fold(OneOfBuilder::new(), OneOfBuilder::item)
            .into()
    }
}

/// A schema of this type, as yet without constraints.
pub(super) fn of_type(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}

fn text(length: &Bounds) -> ObjectBuilder {
    of_type(Type::String)
        .min_length(count(length.min))
        .max_length(count(length.max))
}

fn integer(bounds: &Bounds) -> ObjectBuilder {
    let bound = |value: Option<i64>| value.and_then(|value| i32::try_from(value).ok());
    of_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(bound(bounds.min))
        .maximum(bound(bounds.max))
}

fn count(bound: Option<i64>) -> Option<usize> {
    bound.and_then(|bound| usize::try_from(bound).ok())
}
