//! `securityConfigurationData`, in and out: what came in goes out.

use crate::domain::security_configuration as domain;
use crate::wire;

impl From<wire::ContainerProvider> for domain::SystemNamespace {
    fn from(provider: wire::ContainerProvider) -> Self {
        let info = provider
            .info
            .map(|wire::ContainerInfo::EksInfo(info)| info)
            .unwrap_or_default();
        Self {
            cluster: provider.id,
            namespace: info.namespace,
            node_label: info.node_label,
        }
    }
}

/// Converts both ways, member by member.
macro_rules! mirrored {
    ($($wire:ident <=> $domain:ident { $($outer:ident: $inner:ident),+ $(,)? })+) => {
        $(
            impl From<wire::$wire> for domain::$domain {
                fn from(value: wire::$wire) -> Self {
                    Self { $($inner: value.$outer.map(Into::into)),+ }
                }
            }

            impl From<domain::$domain> for wire::$wire {
                fn from(value: domain::$domain) -> Self {
                    Self { $($outer: value.$inner.map(Into::into)),+ }
                }
            }
        )+
    };
}

mirrored! {
    SecurityConfigurationData <=> SecurityConfigurationData {
        authorization_configuration: authorization,
        authentication_configuration: authentication,
    }
    AuthorizationConfiguration <=> Authorization {
        lake_formation_configuration: lake_formation,
        encryption_configuration: encryption,
    }
    LakeFormationConfiguration <=> LakeFormation {
        authorized_session_tag_value: authorized_session_tag_value,
        secure_namespace_info: secure_namespace,
        query_engine_role_arn: query_engine_role_arn,
    }
    SecureNamespaceInfo <=> SecureNamespace {
        cluster_id: cluster,
        namespace: namespace,
    }
    EncryptionConfiguration <=> Encryption {
        in_transit_encryption_configuration: in_transit,
    }
    InTransitEncryptionConfiguration <=> InTransitEncryption {
        tls_certificate_configuration: tls_certificate,
    }
    TLSCertificateConfiguration <=> TlsCertificate {
        certificate_provider_type: provider_type,
        public_certificate_secret_arn: public_certificate_secret_arn,
        private_certificate_secret_arn: private_certificate_secret_arn,
    }
    AuthenticationConfiguration <=> Authentication {
        identity_center_configuration: identity_center,
        iam_configuration: iam,
    }
    IdentityCenterConfiguration <=> IdentityCenter {
        enable_identity_center: enabled,
        identity_center_application_assignment_required: application_assignment_required,
        identity_center_instance_arn: instance_arn,
        emr_identity_center_application_arn: emr_application_arn,
    }
    IAMConfiguration <=> Iam {
        system_role: system_role,
    }
}

impl From<wire::CertificateProviderType> for String {
    fn from(kind: wire::CertificateProviderType) -> Self {
        kind.as_str().to_owned()
    }
}
