package cure

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// marks are labels by which software marks what it manages.
var marks = []struct{ label, owner string }{
	{"app.kubernetes.io/managed-by", ""},
	{"heritage", ""},
	{"argocd.argoproj.io/instance", "Argo CD"},
	{"kustomize.toolkit.fluxcd.io/name", "Flux (Kustomization)"},
	{"helm.toolkit.fluxcd.io/name", "Flux (HelmRelease)"},
	{"configsync.gke.io/declared-version", "Config Sync"},
	{"addonmanager.kubernetes.io/mode", "GKE's add-on manager"},
	{"olm.owner", "Operator Lifecycle Manager"},
	{"webhook.kyverno.io/managed-by", ""},
}

// injector writes caBundle, and leaves alone what else there is.
const injector = "cert-manager-cainjector"

// owners are what the object's labels and field managers say of who manages it,
// beside kubectl.
func owners(o metav1.Object) []string {
	var found []string
	for _, m := range marks {
		value, ok := o.GetLabels()[m.label]
		switch {
		case !ok:
		case m.owner == "":
			found = union(found, printable(value))
		default:
			found = union(found, m.owner+": "+printable(value))
		}
	}
	for _, m := range o.GetManagedFields() {
		if m.Manager != "" && m.Manager != injector && !strings.HasPrefix(m.Manager, "kubectl") {
			found = union(found, printable(m.Manager))
		}
	}
	return slices.DeleteFunc(found, func(s string) bool { return s == "" })
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// known says where well-known software configures the webhooks that it writes
// itself, by how their configurations are called.
var known = []struct{ prefix, advice string }{
	{"gatekeeper-validating-webhook-configuration", "Gatekeeper's chart makes it: set validatingWebhookMatchConditions in the chart's values"},
	{"gatekeeper-mutating-webhook-configuration", "Gatekeeper's chart makes it: make the same change in the chart's values"},
	{"kyverno-", "Kyverno writes it itself, from its ConfigMap and its policies: make the same change there"},
	{"istio", "Istio's installation makes it: make the same change in its values"},
	{"cert-manager-webhook", "cert-manager's chart makes it: make the same change in the chart's values"},
}

func advice(name string) string {
	for _, k := range known {
		if strings.HasPrefix(name, k.prefix) {
			return k.advice
		}
	}
	return ""
}
