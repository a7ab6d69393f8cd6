package rehearsal

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Step is a set of objects that can be loaded in any order.
type Step struct {
	Objects []*unstructured.Unstructured
	// Gone are objects that the server has made and the cluster does not have.
	Gone []*unstructured.Unstructured
	// Exact says that objects of the same kinds and namespaces that are not among these
	// are deleted: those that the server made at its first start.
	Exact bool
	// Among narrows Exact to objects with that label, as key=value; empty for all.
	Among string
}

const (
	rbacAPI      = "rbac.authorization.k8s.io/v1"
	flowAPI      = "flowcontrol.apiserver.k8s.io/v1"
	admissionAPI = "admissionregistration.k8s.io/v1"
)

// Needs are the facts without which a rehearsal is of another cluster than was seen.
func Needs() []facts.Fact {
	return []facts.Fact{
		facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.ValidatingPolicies, facts.ValidatingPolicyBindings,
		facts.MutatingPolicies, facts.MutatingPolicyBindings, facts.PolicyParams, facts.Namespaces, facts.Services, facts.Endpoints,
		facts.ClusterRoles, facts.ClusterRoleBindings, facts.Roles, facts.RoleBindings, facts.FlowSchemas, facts.PriorityLevels,
		facts.SystemConfigMaps, facts.Attempts,
	}
}

// Objects are those of the snapshot in the order in which they are loaded at that time.
// What judges writes is not among them: see [Judges].
func Objects(s *facts.Snapshot, now time.Time) []Step {
	return []Step{
		{Objects: append(namespaces(s), definitions(s)...)},
		{Exact: true, Objects: slices.Concat(
			list(s, facts.ClusterRoles, rbacAPI, "ClusterRole"), list(s, facts.ClusterRoleBindings, rbacAPI, "ClusterRoleBinding"),
			list(s, facts.Roles, rbacAPI, "Role"), list(s, facts.RoleBindings, rbacAPI, "RoleBinding"))},
		{Exact: true, Objects: slices.Concat(list(s, facts.PriorityLevels, flowAPI, "PriorityLevelConfiguration"), list(s, facts.FlowSchemas, flowAPI, "FlowSchema"))},
		{Objects: slices.Concat(services(s), endpoints(s), configMaps(s), leases(s, now), params(s))},
		{Gone: gone(s)},
		{Exact: true, Among: onStart, Objects: apiServices(s)},
	}
}

// gone are what a start makes anew where it is missing, and is missing.
func gone(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	nothing := func(apiVersion, kind, namespace, name string) {
		u := object(apiVersion, kind, map[string]any{})
		u.SetNamespace(namespace)
		u.SetName(name)
		out = append(out, u)
	}
	if all, ok := facts.IPAddresses.Get(s); ok {
		services, _ := facts.Services.Get(s)
		for _, v := range services {
			for _, ip := range v.ClusterIPs {
				if _, err := netip.ParseAddr(ip); err == nil && !slices.ContainsFunc(all, func(a facts.IPAddress) bool { return a.Name == ip }) {
					nothing("networking.k8s.io/v1", "IPAddress", "", ip)
				}
			}
		}
	}
	if all, ok := facts.PriorityClasses.Get(s); ok {
		for _, name := range []string{"system-cluster-critical", "system-node-critical"} {
			if !slices.Contains(all, name) {
				nothing("scheduling.k8s.io/v1", "PriorityClass", "", name)
			}
		}
	}
	if all, ok := facts.SystemConfigMaps.Get(s); ok && !slices.ContainsFunc(all, func(m facts.ConfigMap) bool { return m.Name == tokenTracking }) {
		nothing("v1", "ConfigMap", "kube-system", tokenTracking)
	}
	return out
}

// tokenTracking is the ConfigMap that holds since when legacy tokens are tracked.
const tokenTracking = "kube-apiserver-legacy-service-account-token-tracking"

// Judges are the webhooks and policies of the snapshot, to be loaded last, so that they
// judge the start and not the loading. caBundle is what the webhooks are made to trust.
func Judges(s *facts.Snapshot, caBundle []byte) Step {
	policies := slices.Concat(
		list(s, facts.ValidatingPolicies, admissionAPI, "ValidatingAdmissionPolicy"), list(s, facts.ValidatingPolicyBindings, admissionAPI, "ValidatingAdmissionPolicyBinding"),
		list(s, facts.MutatingPolicies, admissionAPI, "MutatingAdmissionPolicy"), list(s, facts.MutatingPolicyBindings, admissionAPI, "MutatingAdmissionPolicyBinding"))
	webhooks := slices.Concat(
		list(s, facts.ValidatingWebhooks, admissionAPI, "ValidatingWebhookConfiguration"), list(s, facts.MutatingWebhooks, admissionAPI, "MutatingWebhookConfiguration"))
	for _, c := range webhooks {
		redirect(c, caBundle)
	}
	return Step{Objects: append(policies, webhooks...)}
}

// list are the objects of a fact of upstream types; none where it is absent.
func list[T any](s *facts.Snapshot, k facts.Key[[]T], apiVersion, kind string) (out []*unstructured.Unstructured) {
	values, _ := k.Get(s)
	for _, v := range values {
		b, err := json.Marshal(v)
		var o map[string]any
		if err != nil || json.Unmarshal(b, &o) != nil {
			continue // what was read as JSON is written as JSON
		}
		out = append(out, object(apiVersion, kind, o))
	}
	return out
}

// object gives o its type and takes off what belongs to the server.
func object(apiVersion, kind string, o map[string]any) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: o}
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	for _, f := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink", "ownerReferences"} {
		unstructured.RemoveNestedField(o, "metadata", f)
	}
	delete(o, "status")
	return u
}

// redirect makes a configuration's webhooks trust the stand-ins, and has the path say
// which webhook is called: two that share a Service and a path could not be told apart
// otherwise. Nobody but the stand-in sees the path.
func redirect(c *unstructured.Unstructured, caBundle []byte) {
	hooks, _, _ := unstructured.NestedSlice(c.Object, "webhooks")
	for _, h := range hooks {
		w, _ := h.(map[string]any)
		client, _ := w["clientConfig"].(map[string]any)
		if client == nil {
			continue
		}
		name, _ := w["name"].(string)
		path := Path(admission.Culprit{Kind: admission.Kind(c.GetKind()), Name: c.GetName(), Webhook: name})
		client["caBundle"] = base64Of(caBundle)
		if service, ok := client["service"].(map[string]any); ok {
			service["path"] = path
		} else if u, ok := client["url"].(string); ok {
			client["url"] = strings.Join(strings.SplitN(u, "/", 4)[:3], "/") + path
		}
	}
	_ = unstructured.SetNestedSlice(c.Object, hooks, "webhooks")
}

func namespaces(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	all, _ := facts.Namespaces.Get(s)
	for _, n := range all {
		u := object("v1", "Namespace", map[string]any{"metadata": map[string]any{"name": n.Name}})
		u.SetLabels(n.Labels)
		u.SetAnnotations(n.Annotations)
		out = append(out, u)
	}
	return out
}

// params are the parameters of policies.
func params(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	all, _ := facts.PolicyParams.Get(s)
	for _, k := range all {
		for _, o := range k.Objects {
			b, err := json.Marshal(o)
			var copied map[string]any
			if err != nil || json.Unmarshal(b, &copied) != nil {
				continue
			}
			out = append(out, object(k.APIVersion, k.Kind, copied))
		}
	}
	return out
}

func anyMap(m map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

func anySlice(all []string) (out []any) {
	for _, v := range all {
		out = append(out, v)
	}
	return out
}
