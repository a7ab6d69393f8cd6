package facts

import admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

var (
	// Conversions are the CustomResourceDefinitions whose spec.conversion.strategy
	// is Webhook, by name. None where the kind is not served.
	Conversions = kubernetes[[]Conversion]("conversions", list("apiextensions.k8s.io", "customresourcedefinitions")).later()

	// OutboundAttempts are the calls that the API server makes for other reasons
	// than admission, as they were tried: of Type "CustomResourceDefinition" the
	// conversions of custom resources, of Type "APIService" the calls to aggregated
	// API servers. Config is the object's name, and Write what was asked for, such
	// as "stable.example.com/v1 from stable.example.com/v2". Allowed means that it
	// was given, Denied that a converter answered that it can't. No part of a custom
	// resource is kept. Absent if probing was left out.
	OutboundAttempts = kubernetes[[]Attempt]("outbound-attempts").later()
)

// A Conversion is a CustomResourceDefinition whose objects a webhook converts.
type Conversion struct {
	// Name is the CRD's, such as crontabs.stable.example.com.
	Name  string `json:"name"`
	Group string `json:"group"`
	Kind  string `json:"kind"`
	// Resource is the plural name.
	Resource   string              `json:"resource"`
	Namespaced bool                `json:"namespaced,omitempty"`
	Versions   []ConversionVersion `json:"versions"`
	// StoredVersions are status.storedVersions: those in which objects may lie in etcd.
	StoredVersions []string `json:"storedVersions,omitempty"`
	// ReviewVersions are the versions of ConversionReview that the webhook takes,
	// the preferred first; the API server uses the first of v1 and v1beta1.
	ReviewVersions []string `json:"reviewVersions,omitempty"`
	// ClientConfig is spec.conversion.webhook.clientConfig, whose fields are those
	// of an admission webhook's. Empty if the object has none.
	ClientConfig admissionregistrationv1.WebhookClientConfig `json:"clientConfig"`
}

// A ConversionVersion is a version of a CustomResourceDefinition.
type ConversionVersion struct {
	Name    string `json:"name"`
	Served  bool   `json:"served,omitempty"`
	Storage bool   `json:"storage,omitempty"`
}
