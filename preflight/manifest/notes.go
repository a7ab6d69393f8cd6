package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// unrendered says what a file is that has to be rendered before there is a
// manifest, and what renders it; empty for any other.
func unrendered(file string, h head, value []byte) string {
	switch {
	case h.group() == "kustomize.config.k8s.io", h.Kind == "" && (lists(value, "resources") || lists(value, "bases") || lists(value, "components")):
		return "is a kustomization, and no manifest: render it first: " + Kustomize(folderOf(file, "DIRECTORY"), lists(value, "helmCharts"))
	case h.Kind == "" && h.APIVersion != "" && has(value, "name") && has(value, "version"):
		return "is the head of a chart, and no manifest: render it first: " + Helm(folderOf(file, "CHART"))
	case h.Kind == "" && h.APIVersion == "" && path.Base(file) == "values.yaml":
		return "holds the values of a chart, and is no manifest: render it first: " + Helm(folderOf(file, "CHART"))
	}
	return ""
}

func lists(value []byte, key string) bool {
	fields, err := loose[map[string]any](object{json: value})
	if err != nil {
		return false
	}
	_, ok := (*fields)[key].([]any)
	return ok
}

func has(value []byte, key string) bool {
	fields, err := loose[map[string]any](object{json: value})
	return err == nil && (*fields)[key] != nil
}

// elsewhere are groups whose objects make others in the cluster.
var elsewhere = []struct{ group, who, render string }{
	{"helm.toolkit.fluxcd.io", "Flux renders it in the cluster", "helm template"},
	{"kustomize.toolkit.fluxcd.io", "Flux renders it in the cluster", "kubectl kustomize"},
	{"argoproj.io", "Argo CD renders it in the cluster", "argocd app manifests"},
	{"helm.cattle.io", "a controller renders it in the cluster", "helm template"},
	{"kyverno.io", "Kyverno makes its webhooks from it when it runs", ""},
	{"policies.kyverno.io", "Kyverno makes its webhooks from it when it runs", ""},
	{"policies.kubewarden.io", "Kubewarden makes its webhooks from it when it runs", ""},
	{"templates.gatekeeper.sh", "Gatekeeper may make an admission policy from it when it runs", ""},
}

// registrars are programs that make their webhook configurations when they run, by
// the last part of their images' names.
var registrars = map[string]string{
	"kyverno": "Kyverno", "kubewarden-controller": "Kubewarden", "vpa-admission-controller": "the vertical Pod autoscaler",
	"rancher-webhook": "Rancher's webhook", "crossplane": "Crossplane", "cluster-agent": "Datadog's cluster agent",
	"capsule": "Capsule", "longhorn-manager": "Longhorn", "virt-operator": "KubeVirt", "stork": "Stork", "operator-controller": "an operator of operators",
}

// unless are the flags with which they leave that to their charts, which show them.
var unless = map[string]string{"vpa-admission-controller": "--register-webhook=false"}

// pointer notes what the object leads to that is not in the manifest.
func (a *adder) pointer(o object) {
	for _, e := range elsewhere {
		if o.group() != e.group || e.group == "argoproj.io" && !strings.HasPrefix(o.Kind, "Application") {
			continue
		}
		do := "look at what it has made in a cluster where it runs: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings -o yaml | gke-preflight simulate --webhook -"
		if e.render != "" {
			do = "render it first (" + e.render + "), and give what comes of it"
		}
		a.point(o, e.who, do)
		return
	}
	for _, c := range containers(o) {
		who, ok := registrars[c.name()]
		if off := unless[c.name()]; off != "" && slices.Contains(slices.Concat(c.Command, c.Args), off) {
			continue
		}
		if ok {
			a.point(o, who+" makes its webhooks when it runs", "look at what it has made in a cluster where it runs: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml | gke-preflight simulate --webhook -")
			return
		}
	}
}

func (a *adder) point(o object, who, do string) {
	a.unseen = true
	n := fmt.Sprintf("%s of %s: %s, which no manifest shows: %s", o.head, o.APIVersion, who, do)
	// One of a kind will do: a chart of policies holds hundreds.
	prefix := fmt.Sprintf(" of %s: %s", o.APIVersion, who)
	if slices.ContainsFunc(a.notes, func(s string) bool { return strings.Contains(s, prefix) }) {
		return
	}
	a.pointers = append(a.pointers, n)
	a.note("%s", n)
}

// instead says what to do with a manifest that holds nothing to judge.
func (a *adder) instead() string {
	if len(a.pointers) == 0 {
		return ""
	}
	return ". " + a.pointers[0]
}

// workload is what is read of a Deployment and its like.
type workload struct {
	Spec struct {
		Template struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
			Spec struct {
				Containers []container `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

type container struct {
	Image   string   `json:"image"`
	Command []string `json:"command"`
	Args    []string `json:"args"`
}

// name is the last part of the image's name.
func (c container) name() string {
	name, _, _ := strings.Cut(c.Image, "@")
	name, _, _ = strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return name
}

// containers are those that o runs.
func containers(o object) []container {
	if o.group() != "apps" {
		return nil
	}
	w, err := loose[workload](o)
	if err != nil {
		return nil
	}
	return w.Spec.Template.Spec.Containers
}
