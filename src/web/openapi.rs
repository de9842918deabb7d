//! The API's document (OpenAPI 3.1), made from the routes themselves. Handlers say what they take and answer; what is
//! true of all of them, such as the refusals, is added here.

use super::{Problem, Web, auth::Caller, schemas};
use axum::{
    Extension,
    http::header,
    response::{IntoResponse, Response as Answer},
    routing::MethodRouter,
};
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        HttpMethod, OpenApi, Paths, Ref, RefOr, Required,
        content::Content,
        header::HeaderBuilder,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        response::{Response, ResponseBuilder},
        schema::{AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};
use utoipa_axum::router::UtoipaMethodRouter;

/// The finished document, as it is served.
#[derive(Clone)]
pub struct Finished(Arc<str>);

/// This document. Whoever has a token may read it.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, content_type = "application/json", body = Object)))]
pub async fn show(_: Caller, Extension(Finished(document)): Extension<Finished>) -> Result<Answer, Problem> {
    Ok(([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response())
}

/// What is said of one kind of settings documents.
pub struct Described {
    /// `User`
    name: String,
    /// `users`
    path: &'static str,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Described {
    pub fn of<F: ToSchema>(kind: &str, path: &'static str, only_sent: &[&str]) -> Self {
        let name = kind[..1].to_uppercase() + &kind[1..];
        let mut schemas = Vec::new();
        F::schemas(&mut schemas);
        schemas.push((format!("New{name}"), F::schema()));
        schemas.push((name.clone(), shown::<F>(only_sent)));
        schemas.push((format!("{name}Patch"), patch::<F>()));
        Self { name, path, schemas }
    }

    fn reference(&self, before: &str, after: &str) -> Ref {
        Ref::from_schema_name(format!("{before}{}{after}", self.name))
    }

    fn one(&self) -> Response {
        let tag = HeaderBuilder::new().schema(Some(text())).description(Some("The document's strong tag."));
        ResponseBuilder::new()
            .description(format!("The {}", self.name.to_lowercase()))
            .content("application/json", Content::new(Some(self.reference("", ""))))
            .header("ETag", tag.build())
            .build()
    }

    /// What was saved, with what will surprise about it.
    fn saved(&self) -> Response {
        let warnings = ArrayBuilder::new().items(Ref::from_schema_name("Warning"));
        let warnings = ObjectBuilder::new().property("warnings", warnings);
        let both = AllOfBuilder::new().item(self.reference("", "")).item(warnings);
        let mut saved = self.one();
        saved
            .content
            .insert("application/json".into(), Content::new(Some(Schema::AllOf(both.build()))).into());
        saved
    }

    fn operation(&self, what: &str, summary: String) -> OperationBuilder {
        OperationBuilder::new()
            .tag(self.path)
            .operation_id(Some(format!("{what}_{}", self.path)))
            .summary(Some(summary))
    }

    /// The list of them, and creating one.
    pub fn list(&self, router: MethodRouter<Web>) -> UtoipaMethodRouter<Web> {
        let page = ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(RefOr::Ref(self.reference("", ""))))
            .property("next", ObjectBuilder::new().schema_type(nullable_text()))
            .required("items")
            .required("next");
        let page = ResponseBuilder::new()
            .description("A page")
            .content("application/json", Content::new(Some(page.build())))
            .build();
        let list = self.operation("list", format!("Lists {}.", self.path));
        let list = list.parameters(Some(<schemas::Paging as IntoParams>::into_params(|| None)));
        let location = HeaderBuilder::new().schema(Some(text())).description(Some("Where it is."));
        let mut created = self.saved();
        created.headers.insert("Location".into(), location.build().into());
        let create = self
            .operation("create", format!("Creates one of the {}.", self.path))
            .parameter(idempotency_key())
            .request_body(Some(body("application/json", self.reference("New", ""))))
            .response("201", created)
            .response("403", ResponseBuilder::new().build())
            .response("409", ResponseBuilder::new().build());
        let mut paths = Paths::new();
        let path = format!("/{}", self.path);
        paths.add_path_operation(&path, vec![HttpMethod::Get], list.response("200", page).build());
        paths.add_path_operation(&path, vec![HttpMethod::Post], create.build());
        (self.schemas.clone(), paths, router)
    }
}

/// Showing one settings document, changing and perhaps deleting it.
pub fn settings_document(
    described: &Described,
    can_be_deleted: bool,
    router: MethodRouter<Web>,
) -> UtoipaMethodRouter<Web> {
    let of = format!("one of the {}", described.path);
    let refused = || ResponseBuilder::new().build();
    let show = described
        .operation("show", format!("Shows {of}."))
        .parameter(id())
        .parameter(header_parameter("If-None-Match", "Answers 304 if the document still has this tag."))
        .response("200", described.one())
        .response("304", ResponseBuilder::new().description("It has that tag").build());
    let change = described
        .operation("change", format!("Changes {of}: a JSON merge patch (RFC 7396)."))
        .parameter(id())
        .parameter(if_match())
        .request_body(Some(body("application/merge-patch+json", described.reference("", "Patch"))))
        .response("200", described.saved())
        .response("403", refused())
        .response("409", refused())
        .response("412", refused());
    let delete = described
        .operation("delete", format!("Deletes {of}."))
        .parameter(id())
        .parameter(name())
        .parameter(if_match())
        .response("204", ResponseBuilder::new().description("It is gone").build())
        .response("403", refused())
        .response("412", refused());
    let mut paths = Paths::new();
    let path = format!("/{}/{{id}}", described.path);
    let mut add = |method, operation: Operation| paths.add_path_operation(&path, vec![method], operation);
    add(HttpMethod::Get, show.build());
    add(HttpMethod::Patch, change.build());
    if can_be_deleted {
        add(HttpMethod::Delete, delete.build());
    }
    (Vec::new(), paths, router)
}

fn body(content_type: &str, schema: Ref) -> utoipa::openapi::request_body::RequestBody {
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    body.content(content_type, Content::new(Some(schema))).build()
}

fn id() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{32}$"));
    let id = ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).required(Required::True);
    id.schema(Some(schema)).build()
}

fn name() -> Parameter {
    let name = ParameterBuilder::new().name("name").parameter_in(ParameterIn::Query);
    let description =
        "The name of what is deleted: of channels that make tickets it must be said, and always be right.";
    name.required(Required::False).description(Some(description)).schema(Some(text())).build()
}

fn header_parameter(name: &str, description: &str) -> Parameter {
    let header = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header);
    header.required(Required::False).description(Some(description)).schema(Some(text())).build()
}

fn if_match() -> Parameter {
    header_parameter("If-Match", "The tag of the document that is changed; another one is answered 412.")
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    let key = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header);
    let description = "The same request under the same key gets the first answer again, for a day.";
    key.required(Required::False)
        .description(Some(description))
        .schema(Some(schema.pattern(Some("^[ -~]{1,255}$"))))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn nullable_text() -> utoipa::openapi::schema::SchemaType {
    utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null])
}

/// What is shown of a document: what was sent, with an id and all defaults. Some see only its id and name.
pub fn shown<F: PartialSchema>(only_sent: &[&str]) -> RefOr<Schema> {
    let mut form = F::schema();
    if let RefOr::T(Schema::Object(object)) = &mut form {
        only_sent.iter().for_each(|field| {
            object.properties.remove(*field);
        });
        let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{32}$"));
        object.properties.insert("id".into(), id.into());
        object.required = vec!["id".into(), "name".into()];
        object.additional_properties = None;
    }
    form
}

/// A merge patch of a document: nothing must be there, and null sets back to the default.
pub fn patch<F: PartialSchema>() -> RefOr<Schema> {
    let mut form = F::schema();
    if let RefOr::T(Schema::Object(object)) = &mut form {
        object.required.clear();
        for property in object.properties.values_mut() {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            *property = AnyOfBuilder::new().item(property.clone()).item(null).into();
        }
    }
    form
}

/// The whole document.
pub fn finish(document: OpenApi) -> Finished {
    let mut document = json!(document);
    document["info"] = json!({
        "title": "Strowger",
        "version": "1",
        "description": "Routes calls and tickets, and says why. Every error is answered with problem details (RFC 9457); \
            a method that a path does not have with 405, what is not there with 404.",
    });
    document["components"]["securitySchemes"]["token"] = json!({ "type": "http", "scheme": "bearer" });
    document["security"] = json!([{ "token": [] }]);
    let mut problem = Vec::new();
    schemas::Problem::schemas(&mut problem);
    problem.push(("Problem".into(), schemas::Problem::schema()));
    for (name, schema) in problem {
        document["components"]["schemas"][name] = json!(schema);
    }
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, item) in paths {
        for operation in item.as_object_mut().into_iter().flatten().map(|(_, operation)| operation) {
            add_refusals(path, operation);
        }
    }
    Finished(document.to_string().into())
}

/// Everything that is refused in the same way everywhere, and what a refusal looks like.
fn add_refusals(path: &str, operation: &mut Value) {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut refusals = vec!["401", "429", "503"];
    if path.contains('{') {
        refusals.push("404");
    }
    if parameters.iter().any(|parameter| parameter["in"] == "query") {
        refusals.extend(["400", "422"]);
    }
    if operation["requestBody"].is_object() {
        refusals.extend(["400", "413", "415", "422"]);
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for status in refusals {
        responses.entry(status).or_insert_with(|| json!({}));
    }
    for (status, response) in responses {
        if status.starts_with(['4', '5']) {
            let schema = json!({ "$ref": "#/components/schemas/Problem" });
            response["description"] = reason(status).into();
            response["content"] = json!({ "application/problem+json": { "schema": schema } });
        }
        if matches!(status.as_str(), "429" | "503") {
            let description = "In how many seconds it is worth trying again.";
            let seconds =
                json!({ "description": description, "schema": { "type": "integer", "minimum": 1 } });
            response["headers"] = json!({ "Retry-After": seconds });
        }
    }
}

fn reason(status: &str) -> &'static str {
    match status {
        "400" => "What was sent can't be read",
        "401" => "There is no valid token",
        "403" => "The token may not do that",
        "404" => "There is no such thing, or the token may not see it",
        "409" => "It collides with something that is there",
        "412" => "The document has changed meanwhile",
        "413" => "The body is too large",
        "415" => "The body is of another type",
        "422" => "Something in it is not valid",
        "429" => "This token or address asks too much, or has too many streams open",
        "503" => "The store is not available; nothing was changed",
        _ => "It is refused",
    }
}
