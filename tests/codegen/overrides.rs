//! Where we depart from the published model, each with its reason. Nothing else departs.

use super::model::{Model, Shape};

/// Patterns that the `regex` crate cannot express or that refuse what clients rightly send:
/// shape, the same for the `regex` crate, and what must not match besides.
pub const PATTERNS: &[(&str, &str, Option<&str>)] = &[
    // Two look-aheads at the start, which speak of the whole value.
    (
        "LogContext",
        "^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$",
        Some("xn--.*|.*-s3alias.*"),
    ),
    // Surrogate pairs stand for every character beyond U+FFFF: what is left out is less to say.
    (
        "UriString",
        r"[^\x{00}-\x{08}\x{0B}\x{0C}\x{0E}-\x{1F}\x{FFFE}\x{FFFF}]*",
        None,
    ),
    // The shape's name and its least length of 0 allow the empty tag value, its pattern does not.
    ("StringEmpty256", r"(?:.*[^ \t\n\x0B\f\r].*)?", None),
    // Job templates and security configurations have tags, too; Terraform sends such ARNs.
    (
        "RsiArn",
        "^arn:(aws[a-zA-Z0-9-]*):emr-containers:.+:([0-9]{12}):\
         /(virtualclusters|jobtemplates|securityconfigurations)/.+$",
        None,
    ),
];

/// Changes the model where our answer differs from it.
pub fn apply(model: &mut Model) {
    // Two published copies of the model disagree, up to 1,000 and up to 10,000: take the wider.
    for name in ["InQueueJobLimitInteger", "JobLimitInteger"] {
        let shape = shape(model, name);
        assert_eq!(
            (shape.min, shape.max),
            (Some(1), Some(1_000)),
            "{name} changed upstream"
        );
        shape.max = Some(10_000);
    }

    // A template whose data cannot be decrypted is answered with `decryptionError` in its place.
    let template = shape(model, "JobTemplate");
    let required = template.required.len();
    template.required.retain(|name| name != "jobTemplateData");
    assert_eq!(
        template.required.len() + 1,
        required,
        "JobTemplate.jobTemplateData changed upstream"
    );

    // The values of template parameters end up in entry-point arguments and Spark parameters, which
    // are sensitive.
    shape(model, "TemplateParameterInputMap").sensitive = true;
    let mut default = shape(model, "String1024").clone();
    default.sensitive = true;
    model
        .shapes
        .0
        .push(("TemplateParameterDefault".to_owned(), default));
    let configuration = shape(model, "TemplateParameterConfiguration");
    let member = configuration
        .members
        .0
        .iter_mut()
        .find(|(name, _)| name == "defaultValue");
    member.expect("a template parameter has a default").1.shape = "TemplateParameterDefault".into();

    for (name, _, _) in PATTERNS {
        assert!(
            shape(model, name).pattern.is_some(),
            "{name} lost its pattern upstream"
        );
    }
}

fn shape<'a>(model: &'a mut Model, name: &str) -> &'a mut Shape {
    let found = model.shapes.0.iter_mut().find(|(known, _)| known == name);
    &mut found
        .unwrap_or_else(|| panic!("the model has no shape {name}"))
        .1
}
