package manifest

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/admission/plugin/manifest"
	webhookutil "k8s.io/apiserver/pkg/util/webhook"
)

// What the API server demands of these objects is in a package that nobody can
// import (kubernetes pkg/apis/admissionregistration/validation). The parts that
// it is made of can be, and are; the rest are the tables and functions below,
// which testdata/controlplane/manifest holds against a real API server, field by
// field. They are those for a new object: one that is there already keeps some
// liberties.

// The values that a field may have.
var (
	failurePolicies = []string{"Fail", "Ignore"}
	matchPolicies   = []string{"Equivalent", "Exact"}
	reinvocations   = []string{"IfNeeded", "Never"}
	sideEffects     = []string{"None", "NoneOnDryRun"}
	scopes          = []string{"*", "Cluster", "Namespaced"}
	operations      = []string{"*", "CONNECT", "CREATE", "DELETE", "UPDATE"}
	mutable         = []string{"*", "CONNECT", "CREATE", "UPDATE"}
	actions         = []string{"Audit", "Deny", "Warn"}
	notFoundActions = []string{"Allow", "Deny"}
	reasons         = []string{"Forbidden", "Invalid", "RequestEntityTooLarge"}
	reviewVersions  = []string{"v1", "v1beta1"}
)

// longestTimeout is the most seconds that a webhook may ask for, mostConditions how
// many matchConditions it may have.
const (
	longestTimeout = 30
	mostConditions = 64
)

func oneOf[T ~string](path *field.Path, value *T, allowed []string) field.ErrorList {
	if value == nil || slices.Contains(allowed, string(*value)) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, *value, allowed)}
}

func (v *validator) meta(m *metav1.ObjectMeta) field.ErrorList {
	path := field.NewPath("metadata")
	errs := validation.ValidateObjectMeta(m, false, validation.NameIsDNSSubdomain, path)
	if v.reservesStatic && strings.HasSuffix(m.Name, manifest.StaticConfigSuffix) {
		errs = append(errs, field.Invalid(path.Child("name"), m.Name, "only an API server's own files give names that end in "+manifest.StaticConfigSuffix))
	}
	return errs
}

func (v *validator) selector(path *field.Path, s *metav1.LabelSelector) field.ErrorList {
	if s == nil {
		return nil
	}
	return metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path)
}

func validateValidatingWebhooks(v *validator, c *admissionregistrationv1.ValidatingWebhookConfiguration) field.ErrorList {
	errs := v.meta(&c.ObjectMeta)
	names := map[string]bool{}
	for n, w := range c.Webhooks {
		path := field.NewPath("webhooks").Index(n)
		errs = append(errs, v.webhook(path, admissionregistrationv1.MutatingWebhook{
			Name: w.Name, ClientConfig: w.ClientConfig, Rules: w.Rules, FailurePolicy: w.FailurePolicy, MatchPolicy: w.MatchPolicy,
			NamespaceSelector: w.NamespaceSelector, ObjectSelector: w.ObjectSelector, SideEffects: w.SideEffects,
			TimeoutSeconds: w.TimeoutSeconds, AdmissionReviewVersions: w.AdmissionReviewVersions, MatchConditions: w.MatchConditions,
		}, names)...)
	}
	return errs
}

func validateMutatingWebhooks(v *validator, c *admissionregistrationv1.MutatingWebhookConfiguration) field.ErrorList {
	errs := v.meta(&c.ObjectMeta)
	names := map[string]bool{}
	for n, w := range c.Webhooks {
		errs = append(errs, v.webhook(field.NewPath("webhooks").Index(n), w, names)...)
	}
	return errs
}

// webhook holds for both kinds: a validating one is a mutating one without
// reinvocationPolicy. names are those of the webhooks before it.
func (v *validator) webhook(path *field.Path, w admissionregistrationv1.MutatingWebhook, names map[string]bool) field.ErrorList {
	errs := utilvalidation.IsFullyQualifiedName(path.Child("name"), w.Name)
	if names[w.Name] && w.Name != "" {
		errs = append(errs, field.Duplicate(path.Child("name"), w.Name))
	}
	names[w.Name] = true
	for n, r := range w.Rules {
		errs = append(errs, v.rule(path.Child("rules").Index(n), r)...)
	}
	errs = append(errs, oneOf(path.Child("failurePolicy"), w.FailurePolicy, failurePolicies)...)
	errs = append(errs, oneOf(path.Child("matchPolicy"), w.MatchPolicy, matchPolicies)...)
	errs = append(errs, oneOf(path.Child("reinvocationPolicy"), w.ReinvocationPolicy, reinvocations)...)
	errs = append(errs, oneOf(path.Child("sideEffects"), w.SideEffects, sideEffects)...)
	if w.SideEffects == nil {
		errs = append(errs, field.Required(path.Child("sideEffects"), "one of "+strings.Join(sideEffects, ", ")))
	}
	if t := w.TimeoutSeconds; t != nil && (*t < 1 || *t > longestTimeout) {
		errs = append(errs, field.Invalid(path.Child("timeoutSeconds"), *t, fmt.Sprintf("it is from 1 to %d", longestTimeout)))
	}
	errs = append(errs, v.selector(path.Child("namespaceSelector"), w.NamespaceSelector)...)
	errs = append(errs, v.selector(path.Child("objectSelector"), w.ObjectSelector)...)
	errs = append(errs, v.client(path.Child("clientConfig"), w.ClientConfig)...)
	errs = append(errs, v.matchConditions(path.Child("matchConditions"), w.MatchConditions, false)...)
	return append(errs, v.reviewVersions(path.Child("admissionReviewVersions"), w.AdmissionReviewVersions)...)
}

func (v *validator) client(path *field.Path, c admissionregistrationv1.WebhookClientConfig) field.ErrorList {
	switch {
	case (c.URL == nil) == (c.Service == nil):
		return field.ErrorList{field.Required(path, "either url or service, and not both")}
	case c.URL != nil:
		return webhookutil.ValidateWebhookURL(path.Child("url"), *c.URL, true)
	}
	port := int32(443)
	if c.Service.Port != nil {
		port = *c.Service.Port
	}
	// The API server, too, takes the one for the other: a Service without a name is
	// said to lack its namespace.
	return webhookutil.ValidateWebhookService(path.Child("service"), c.Service.Name, c.Service.Namespace, c.Service.Path, port)
}

func (v *validator) reviewVersions(path *field.Path, versions []string) field.ErrorList {
	if len(versions) == 0 {
		return field.ErrorList{field.Required(path, "at least one of "+strings.Join(reviewVersions, ", "))}
	}
	var errs field.ErrorList
	for n, version := range versions {
		if slices.Contains(versions[:n], version) {
			errs = append(errs, field.Invalid(path.Index(n), version, "it stands twice"))
			continue
		}
		for _, why := range utilvalidation.IsDNS1035Label(version) {
			errs = append(errs, field.Invalid(path.Index(n), version, why))
		}
	}
	if !slices.ContainsFunc(versions, func(s string) bool { return slices.Contains(reviewVersions, s) }) {
		errs = append(errs, field.Invalid(path, versions, "at least one of "+strings.Join(reviewVersions, ", ")))
	}
	return errs
}

func (v *validator) rule(path *field.Path, r admissionregistrationv1.RuleWithOperations) field.ErrorList {
	var ops []string
	for _, o := range r.Operations {
		ops = append(ops, string(o))
	}
	errs := alone4all(path.Child("operations"), ops, "operations")
	for n, o := range r.Operations {
		errs = append(errs, oneOf(path.Child("operations").Index(n), &o, operations)...)
	}
	errs = append(errs, alone4all(path.Child("apiGroups"), r.APIGroups, "groups")...)
	errs = append(errs, alone4all(path.Child("apiVersions"), r.APIVersions, "versions")...)
	for n, version := range r.APIVersions {
		if version == "" {
			errs = append(errs, field.Required(path.Child("apiVersions").Index(n), ""))
		}
	}
	errs = append(errs, v.resources(path.Child("resources"), r.Resources)...)
	return append(errs, oneOf(path.Child("scope"), r.Scope, scopes)...)
}

// alone4all demands that there be one, and that a star stand alone.
func alone4all(path *field.Path, values []string, what string) field.ErrorList {
	switch {
	case len(values) == 0:
		return field.ErrorList{field.Required(path, "")}
	case len(values) > 1 && slices.Contains(values, "*"):
		return field.ErrorList{field.Invalid(path, values, "beside * there can be no other "+what)}
	}
	return nil
}

// resources demands that none be covered by one that stands before it.
func (v *validator) resources(path *field.Path, resources []string) field.ErrorList {
	var errs field.ErrorList
	if len(resources) == 0 {
		errs = append(errs, field.Required(path, ""))
	}
	all, plain := false, false
	for n, name := range resources {
		resource, sub, isSub := strings.Cut(name, "/")
		switch {
		case name == "":
			errs = append(errs, field.Required(path.Index(n), ""))
		case !isSub:
			// Only the last one without a subresource counts, as in the API server.
			all, plain = all || name == "*", name != "*"
		default:
			for _, cover := range []string{resource + "/*", "*/" + sub} {
				if slices.Contains(resources[:n], cover) {
					errs = append(errs, field.Invalid(path.Index(n), name, cover+" stands before it and covers it"))
				}
			}
		}
	}
	if len(resources) > 1 && slices.Contains(resources, "*/*") {
		errs = append(errs, field.Invalid(path, resources, "beside */* there can be no others"))
	}
	if all && plain {
		errs = append(errs, field.Invalid(path, resources, "beside * there can be no others without a subresource"))
	}
	return errs
}

// matchResources are a policy's constraints, or a binding's.
func (v *validator) matchResources(path *field.Path, m *admissionregistrationv1.MatchResources) field.ErrorList {
	if m == nil {
		return nil
	}
	errs := oneOf(path.Child("matchPolicy"), m.MatchPolicy, matchPolicies)
	errs = append(errs, v.selector(path.Child("namespaceSelector"), m.NamespaceSelector)...)
	errs = append(errs, v.selector(path.Child("objectSelector"), m.ObjectSelector)...)
	for name, rules := range map[string][]admissionregistrationv1.NamedRuleWithOperations{"resourceRules": m.ResourceRules, "excludeResourceRules": m.ExcludeResourceRules} {
		for n, r := range rules {
			at := path.Child(name).Index(n)
			for i, resource := range r.ResourceNames {
				for _, why := range content.IsPathSegmentName(resource) {
					errs = append(errs, field.Invalid(at.Child("resourceNames").Index(i), resource, why))
				}
				if slices.Contains(r.ResourceNames[:i], resource) {
					errs = append(errs, field.Duplicate(at.Child("resourceNames").Index(i), resource))
				}
			}
			errs = append(errs, v.rule(at, r.RuleWithOperations)...)
		}
	}
	return errs
}
