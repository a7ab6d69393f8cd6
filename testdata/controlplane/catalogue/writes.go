package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
)

// writes are the successful writes that the API server made by itself, each
// once: the last of those to the same object. Events are left out: of which there
// are any at a fresh start depends on how fast the machine is. A plan works them
// out from the cluster; here it is held that a hook which is known tells them.
func writes(events []auditv1.Event) ([]catalogue.Write, error) {
	var found []catalogue.Write
	var errs []error
	for _, e := range controlplane.Mutations(events, controlplane.ByServer) {
		if e.ObjectRef.Resource == "events" {
			errs = append(errs, known(e))
			continue
		}
		if e.ResponseStatus.Code >= 300 || e.Verb == "delete" {
			continue
		}
		w, err := write(e)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", controlplane.Describe(e), err))
			continue
		}
		found = slices.DeleteFunc(found, func(other catalogue.Write) bool { return same(w, other) })
		found = append(found, w)
	}
	return found, errors.Join(errs...)
}

// tellers are the controllers by which hooks tell of what they do, in Events
// (kubernetes pkg/registry/core/service/{ipallocator,portallocator}/controller and
// pkg/controlplane/controller/defaultservicecidr).
var tellers = []string{"ipallocator-repair-controller", "portallocator-repair-controller", "kubernetes-service-cidr-controller"}

// known returns an error for an Event of a controller that is not among them.
func known(e auditv1.Event) error {
	var event struct {
		ReportingController string `json:"reportingController"`
		ReportingComponent  string `json:"reportingComponent"`
		Source              struct {
			Component string `json:"component"`
		} `json:"source"`
	}
	if e.RequestObject == nil || e.Verb != "create" {
		return nil
	}
	if err := json.Unmarshal(e.RequestObject.Raw, &event); err != nil {
		return fmt.Errorf("%s: %w", controlplane.Describe(e), err)
	}
	who := cmp.Or(event.ReportingController, event.ReportingComponent, event.Source.Component)
	if !slices.Contains(tellers, who) {
		return fmt.Errorf("%s: no hook is known to tell of something as %q: find out which does, and add it to the table in writes.go", controlplane.Describe(e), who)
	}
	return nil
}

func same(a, b catalogue.Write) bool {
	return a.Hook == b.Hook && a.Verb == b.Verb && a.Subresource == b.Subresource &&
		a.Object.GroupVersionKind() == b.Object.GroupVersionKind() &&
		a.Object.GetNamespace() == b.Object.GetNamespace() && a.Object.GetName() == b.Object.GetName()
}

// write takes the object as it was sent. The audit log has it with the API
// server's defaults, as admission gets it. Of a PATCH it takes what came of it.
func write(e auditv1.Event) (catalogue.Write, error) {
	w := catalogue.Write{Hook: maker(e), Verb: "CREATE", Subresource: e.ObjectRef.Subresource, Object: &unstructured.Unstructured{}}
	if w.Hook == "" {
		return w, errors.New("no hook is known to make it: find out which does, and add it to the table in writes.go")
	}
	raw := e.RequestObject
	if e.Verb != "create" {
		w.Verb = "UPDATE"
	}
	if e.Verb == "patch" {
		raw = e.ResponseObject
	}
	if raw == nil {
		return w, errors.New("the audit log does not have its body")
	}
	if err := w.Object.UnmarshalJSON(raw.Raw); err != nil {
		return w, err
	}
	object, err := steady(w.Object.Object)
	w.Object.Object = object
	return w, err
}

// makers tells which hook writes a resource, or one object of it. An audit log
// doesn't: every hook has the same user and agent.
var makers = map[string]string{
	"clusterroles":                "rbac/bootstrap-roles",
	"clusterrolebindings":         "rbac/bootstrap-roles",
	"roles":                       "rbac/bootstrap-roles",
	"rolebindings":                "rbac/bootstrap-roles",
	"priorityclasses":             "scheduling/bootstrap-system-priority-classes",
	"flowschemas":                 "priority-and-fairness-config-producer",
	"prioritylevelconfigurations": "priority-and-fairness-config-producer",
	"flowschemas/status":          "priority-and-fairness-config-consumer",
	"apiservices":                 "autoregister-completion",
	"servicecidrs":                "start-kubernetes-service-cidr-controller",
	"servicecidrs/status":         "start-kubernetes-service-cidr-controller",
	"namespaces":                  "start-system-namespaces-controller",
	"leases":                      "start-kube-apiserver-identity-lease-controller",
	"services":                    "bootstrap-controller",
	"endpoints":                   "bootstrap-controller",
	"endpointslices":              "bootstrap-controller",
	"ipaddresses":                 "bootstrap-controller", // that of the Service kubernetes, made with it
	"configmaps extension-apiserver-authentication":                   "start-cluster-authentication-info-controller",
	"configmaps kube-apiserver-legacy-service-account-token-tracking": "start-legacy-token-tracking-controller",
}

func maker(e auditv1.Event) string {
	resource := e.ObjectRef.Resource
	if e.ObjectRef.Subresource != "" {
		resource += "/" + e.ObjectRef.Subresource
	}
	if hook := makers[resource]; hook != "" {
		return hook
	}
	return makers[resource+" "+e.ObjectRef.Name]
}

// unsteady are fields that differ from start to start, wherever they stand.
var unsteady = []string{
	"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields",
	"lastTransitionTime", "acquireTime", "renewTime", "holderIdentity", "since",
}

// steady returns the object without what differs from start to start.
func steady(object map[string]any) (map[string]any, error) {
	kept, err := json.Marshal(steadyValue(object))
	if err != nil {
		return nil, err
	}
	if bytes.Contains(kept, []byte("BEGIN CERTIFICATE")) {
		return nil, errors.New("a certificate is left in it")
	}
	u := &unstructured.Unstructured{}
	err = u.UnmarshalJSON(kept)
	return u.Object, err
}

func steadyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, field := range v {
			if !slices.Contains(unsteady, k) {
				out[k] = steadyValue(field)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, steadyValue(item))
		}
		return out
	case string:
		return steadyString(v)
	}
	return v
}

var ofRig = netip.MustParsePrefix("10.77.0.0/16")

func steadyString(s string) string {
	ip, err := netip.ParseAddr(s)
	endpoint, errPort := netip.ParseAddrPort(s)
	switch {
	case err == nil && ofRig.Contains(ip):
		return catalogue.Address
	case errPort == nil && ofRig.Contains(endpoint.Addr()):
		return fmt.Sprintf("%s:%d", catalogue.Address, endpoint.Port())
	case strings.HasPrefix(s, "control-plane-"):
		return catalogue.Host
	case strings.HasPrefix(s, "apiserver-") && len(s) == len("apiserver-")+26:
		return catalogue.Lease
	case strings.HasPrefix(s, "-----BEGIN CERTIFICATE-----"):
		return ""
	}
	return s
}
