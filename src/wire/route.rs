//! The API model alone says which method and path lead to which operation.

use axum::http::Method;

use super::{generated::OPERATIONS, parts::PathParams, shape::Operation};

/// Where a method and a raw path lead.
#[derive(Debug)]
pub enum Route {
    /// To an operation.
    Found(&'static Operation, PathParams),
    /// Nowhere with this method, though the path is known.
    OtherMethod,
    /// Nowhere.
    Unknown,
}

impl Route {
    /// Finds the operation for a method and a raw path.
    pub fn find(method: &Method, raw_path: &str) -> Self {
        let mut route = Self::Unknown;
        for operation in OPERATIONS {
            if let Some(params) = PathParams::capture(operation.uri, raw_path) {
                if operation.method == *method {
                    return Self::Found(operation, params);
                }
                route = Self::OtherMethod;
            }
        }
        route
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_own_route() {
        for operation in OPERATIONS {
            let path = operation.uri.replace(['{', '}'], "");
            match Route::find(&operation.method, &path) {
                Route::Found(found, _) => assert_eq!(found.name, operation.name),
                Route::OtherMethod | Route::Unknown => panic!("{} is lost", operation.name),
            }
        }
        assert!(matches!(
            Route::find(&Method::PUT, "/virtualclusters"),
            Route::OtherMethod
        ));
        assert!(matches!(
            Route::find(&Method::GET, "/nothing"),
            Route::Unknown
        ));
    }
}
