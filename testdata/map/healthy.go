package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// healthy is what the add-ons of a usual cluster install by default, as far as their charts
// and manifests show it: for the test that a healthy cluster with all of them is quiet.
const healthy = "testdata/healthy/rendered.yaml"

// usual are the installs, by add-on. What registers its webhooks when it runs is written
// beside it, in written.yaml.
var usual = map[string]string{
	"cert-manager": "chart, default values", "external-secrets": "chart, default values", "gatekeeper": "chart, default values", "istio": "chart istiod, default values",
	"keda": "kustomization, default", "kueue": "chart, default values",
}

// writeHealthy renders them, and keeps webhook configurations, the Services that they call,
// and of Deployments their name, labels, number of pods, probes and resources.
func (m *mapper) writeHealthy() error {
	var out bytes.Buffer
	out.WriteString("# Made by map -healthy. Do not edit.\n")
	for _, a := range addons.Index() {
		n := slices.IndexFunc(a.Installs, func(i addons.Install) bool { return usual[a.Name] == i.As })
		if n < 0 {
			continue
		}
		i := a.Installs[n]
		i.From.Recorded = ""
		src, err := m.source(i.From)
		if err != nil {
			return err
		}
		r, err := src.render(i, release(a, i), i.Values)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		fmt.Fprintf(&out, "# %s, %s: %s, read on %s\n", a.Name, i.As, src.origin, i.From.Read)
		if err := keep(&out, r.text, release(a, i).namespace); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return os.WriteFile(healthy, out.Bytes(), 0o644)
}

// asked are the containers by what is said of how they are looked after.
func asked(containers []any) (all []any) {
	for _, c := range containers {
		full, _ := c.(map[string]any)
		kept := map[string]any{}
		for _, f := range []string{"name", "image", "livenessProbe", "readinessProbe", "resources"} {
			if v, ok := full[f]; ok {
				kept[f] = v
			}
		}
		all = append(all, kept)
	}
	return all
}

// keep writes the objects that matter of a manifest.
func keep(out *bytes.Buffer, text []byte, namespace string) error {
	for _, doc := range bytes.Split(text, []byte("\n---")) {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal(bytes.TrimPrefix(doc, []byte("---")), &o.Object); err != nil {
			return err
		}
		if o.Object == nil {
			continue
		}
		kept := map[string]any{}
		switch o.GetKind() {
		case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
			kept["webhooks"] = o.Object["webhooks"]
		case "Service":
			kept["spec"] = o.Object["spec"]
		case "Deployment":
			replicas, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "replicas")
			labels, _, _ := unstructured.NestedMap(o.Object, "spec", "template", "metadata", "labels")
			containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			kept["spec"] = map[string]any{"replicas": replicas, "template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": asked(containers)}}}
		default:
			continue
		}
		kept["apiVersion"], kept["kind"] = o.GetAPIVersion(), o.GetKind()
		meta := map[string]any{"name": o.GetName()}
		if o.GetKind() == "Service" || o.GetKind() == "Deployment" {
			meta["namespace"] = namespace
			if ns := o.GetNamespace(); ns != "" {
				meta["namespace"] = ns
			}
		}
		kept["metadata"] = meta
		b, err := yaml.Marshal(kept)
		if err != nil {
			return err
		}
		out.WriteString("---\n")
		out.Write(b)
	}
	return nil
}
