package kube

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	admission "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// definition is what is read of a CustomResourceDefinition, whose own types are
// in k8s.io/apiextensions-apiserver.
type definition struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Plural string `json:"plural"`
			Kind   string `json:"kind"`
		} `json:"names"`
		Versions []struct {
			Name    string `json:"name"`
			Served  bool   `json:"served"`
			Storage bool   `json:"storage"`
		} `json:"versions"`
		Conversion *struct {
			Strategy string `json:"strategy"`
			Webhook  *struct {
				ReviewVersions []string `json:"conversionReviewVersions"`
				ClientConfig   *struct {
					URL     *string                     `json:"url"`
					Service *admission.ServiceReference `json:"service"`
					// CABundle is base64, as JSON has it.
					CABundle string `json:"caBundle"`
				} `json:"clientConfig"`
			} `json:"webhook"`
		} `json:"conversion"`
	} `json:"spec"`
	Status struct {
		StoredVersions []string `json:"storedVersions"`
	} `json:"status"`
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// readConversions keeps of each page only what is converted by a webhook: the
// schemas of a thousand definitions are never held at once.
func readConversions(ctx context.Context, c *cluster) ([]facts.Conversion, error) {
	var broken error
	out, err := list(ctx, c.reader, c.dynamic.Resource(definitions).List, metav1.ListOptions{}, func(u *unstructured.Unstructured) (facts.Conversion, bool) {
		if strategy, _, _ := unstructured.NestedString(u.Object, "spec", "conversion", "strategy"); strategy != "Webhook" {
			return facts.Conversion{}, false
		}
		f, err := conversionOf(u)
		if err != nil {
			broken = fmt.Errorf("definition %s: %w", u.GetName(), err)
		}
		return f, true
	})
	switch {
	case apierrors.IsNotFound(err):
		return []facts.Conversion{}, nil
	case err == nil:
		err = broken
	}
	return out, err
}

func conversionOf(u *unstructured.Unstructured) (facts.Conversion, error) {
	for _, version := range nestedSlice(u.Object, "spec", "versions") {
		if v, ok := version.(map[string]any); ok {
			delete(v, "schema")
		}
	}
	var d definition
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &d); err != nil {
		return facts.Conversion{}, err
	}
	out := facts.Conversion{Name: d.Metadata.Name, Group: d.Spec.Group, Kind: d.Spec.Names.Kind, Resource: d.Spec.Names.Plural,
		Namespaced: d.Spec.Scope == "Namespaced", StoredVersions: d.Status.StoredVersions}
	for _, v := range d.Spec.Versions {
		out.Versions = append(out.Versions, facts.ConversionVersion(v))
	}
	w := d.Spec.Conversion.Webhook
	if w == nil || w.ClientConfig == nil {
		return out, nil
	}
	out.ReviewVersions = w.ReviewVersions
	out.ClientConfig = admission.WebhookClientConfig{URL: w.ClientConfig.URL, Service: w.ClientConfig.Service}
	bundle, err := base64.StdEncoding.DecodeString(w.ClientConfig.CABundle)
	// The API server takes a blank bundle for an empty one (k8s.io/apiextensions-apiserver
	// pkg/apiserver/conversion/webhook_converter.go, webhookClientConfigForCRD).
	if len(bytes.TrimSpace(bundle)) > 0 {
		out.ClientConfig.CABundle = bundle
	}
	return out, err
}

func nestedSlice(object map[string]any, path ...string) []any {
	v, _, _ := unstructured.NestedFieldNoCopy(object, path...)
	s, _ := v.([]any)
	return s
}
