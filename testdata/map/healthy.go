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

// usual are the installs, by add-on. What no chart shows and was not recorded is written
// beside them, in written.yaml.
var usual = map[string][]string{
	"cert-manager": {"chart, default values"}, "external-secrets": {"chart, default values"}, "gatekeeper": {"chart, default values"}, "istio": {"chart istiod, default values"},
	"keda": {"kustomization, default"}, "kueue": {"chart, default values"}, "kube-prometheus-stack": {"chart, default values"}, "vpa": {"chart, default values"},
	"kyverno": {"chart, default values", "when it runs, without policies"}, "datadog": {"chart, default values", "when it runs, default values"},
}

// writeHealthy renders them, and keeps webhook configurations, the Services that they call,
// and of Deployments their name, labels, number of pods, probes and resources. Of a
// recording it keeps the webhook configurations. What can't be read here stays.
func (m *mapper) writeHealthy() error {
	before, err := os.ReadFile(healthy)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString("# Made by map -healthy. Do not edit.\n")
	for _, a := range addons.Index() {
		for _, i := range a.Installs {
			if !slices.Contains(usual[a.Name], i.As) {
				continue
			}
			if !m.has(i.From) {
				fmt.Printf("%s, %s: stays as it is, for want of a checkout of %s\n", a.Name, i.As, i.From.Checkout)
				out.Write(section(before, a, i))
				continue
			}
			if err := m.install(&out, a, i); err != nil {
				return fmt.Errorf("%s, %s: %w", a.Name, i.As, err)
			}
		}
	}
	return os.WriteFile(healthy, out.Bytes(), 0o644)
}

func title(a addons.Addon, i addons.Install) string { return fmt.Sprintf("# %s, %s: ", a.Name, i.As) }

// section is what is committed of an install.
func section(text []byte, a addons.Addon, i addons.Install) []byte {
	_, found, ok := bytes.Cut(text, []byte("\n"+title(a, i)))
	if !ok {
		return nil
	}
	found, _, _ = bytes.Cut(found, []byte("\n# "))
	return slices.Concat([]byte(title(a, i)), bytes.TrimSuffix(found, []byte("\n")), []byte("\n"))
}

func (m *mapper) install(out *bytes.Buffer, a addons.Addon, i addons.Install) error {
	kinds := []string{"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}
	if i.From.Recorded == "" {
		kinds = append(kinds, "Service", "Deployment")
	}
	src, err := m.source(i.From)
	if err != nil {
		return err
	}
	r, err := src.render(i, release(a, i), i.Values)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s%s, read on %s\n", title(a, i), src.origin, i.From.Read)
	return keep(out, r.text, kinds, release(a, i).namespace)
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

func webhooks(o unstructured.Unstructured) (all []map[string]any) {
	listed, _ := o.Object["webhooks"].([]any)
	for _, w := range listed {
		if w, ok := w.(map[string]any); ok {
			all = append(all, w)
		}
	}
	return all
}

// keep writes the objects of those kinds of a manifest, as far as they matter.
func keep(out *bytes.Buffer, text []byte, kinds []string, namespace string) error {
	for _, doc := range bytes.Split(text, []byte("\n---")) {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal(bytes.TrimPrefix(doc, []byte("---")), &o.Object); err != nil {
			return err
		}
		if o.Object == nil || !slices.Contains(kinds, o.GetKind()) {
			continue
		}
		kept := map[string]any{}
		switch o.GetKind() {
		case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
			kept["webhooks"] = o.Object["webhooks"]
			for _, w := range webhooks(o) {
				// Each installation has a CA of its own.
				unstructured.RemoveNestedField(w, "clientConfig", "caBundle")
			}
		case "Service":
			kept["spec"] = o.Object["spec"]
		case "Deployment":
			replicas, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "replicas")
			labels, _, _ := unstructured.NestedMap(o.Object, "spec", "template", "metadata", "labels")
			containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
			kept["spec"] = map[string]any{"replicas": replicas, "template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": asked(containers)}}}
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
