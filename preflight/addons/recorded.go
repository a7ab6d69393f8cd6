package addons

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Manifest is what a recording holds of webhooks and policies, and of the Namespaces,
// Services and parameters that decide what these see, as one would apply it.
func Manifest(s *facts.Snapshot) ([]byte, error) {
	var b bytes.Buffer
	for _, add := range []error{
		put(&b, s, facts.ValidatingWebhooks, "ValidatingWebhookConfiguration"),
		put(&b, s, facts.MutatingWebhooks, "MutatingWebhookConfiguration"),
		put(&b, s, facts.ValidatingPolicies, "ValidatingAdmissionPolicy"),
		put(&b, s, facts.ValidatingPolicyBindings, "ValidatingAdmissionPolicyBinding"),
		put(&b, s, facts.MutatingPolicies, "MutatingAdmissionPolicy"),
		put(&b, s, facts.MutatingPolicyBindings, "MutatingAdmissionPolicyBinding"),
	} {
		if add != nil {
			return nil, add
		}
	}
	namespaces, ok := facts.Namespaces.Get(s)
	services, known := facts.Services.Get(s)
	if !ok || !known {
		return nil, fmt.Errorf("the recording lacks %s or %s", facts.Namespaces.ID(), facts.Services.ID())
	}
	for _, n := range namespaces {
		if err := object(&b, "v1", "Namespace", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}}); err != nil {
			return nil, err
		}
	}
	for _, v := range services {
		if v.Namespace == metav1.NamespaceDefault && v.Name == "kubernetes" {
			continue // each cluster has its own
		}
		if err := object(&b, "v1", "Service", serviceOf(v)); err != nil {
			return nil, err
		}
	}
	kinds, ok := facts.PolicyParams.Get(s)
	if !ok {
		return nil, fmt.Errorf("the recording lacks %s", facts.PolicyParams.ID())
	}
	if err := params(&b, kinds); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// params writes the objects that policies take parameters from, and the definitions of
// their kinds.
func params(b *bytes.Buffer, kinds []facts.ParamKind) error {
	for _, k := range kinds {
		group, version, ok := strings.Cut(k.APIVersion, "/")
		if !ok || k.Resource == "" {
			continue
		}
		scope := "Cluster"
		if k.Namespaced {
			scope = "Namespaced"
		}
		definition := map[string]any{"metadata": map[string]any{"name": k.Resource + "." + group}, "spec": map[string]any{
			"group": group, "scope": scope, "names": map[string]any{"kind": k.Kind, "plural": k.Resource},
			"versions": []map[string]any{{"name": version, "served": true, "storage": true}},
		}}
		if err := object(b, "apiextensions.k8s.io/v1", "CustomResourceDefinition", definition); err != nil {
			return err
		}
		for _, o := range k.Objects {
			if err := object(b, k.APIVersion, k.Kind, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func serviceOf(v facts.Service) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: v.Namespace, Name: v.Name},
		Spec:       corev1.ServiceSpec{Selector: v.Selector, Type: corev1.ServiceType(v.Type), ExternalName: v.ExternalName},
	}
	for _, p := range v.Ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: p.Name, Port: p.Port, TargetPort: intstr.Parse(p.TargetPort), Protocol: corev1.Protocol(p.Protocol)})
	}
	return s
}

// put writes all objects of a fact, which the recording must have.
func put[T any](b *bytes.Buffer, s *facts.Snapshot, k facts.Key[[]T], kind string) error {
	all, ok := k.Get(s)
	if !ok {
		return fmt.Errorf("the recording lacks %s", k.ID())
	}
	for n := range all {
		if err := object(b, "admissionregistration.k8s.io/v1", kind, &all[n]); err != nil {
			return err
		}
	}
	return nil
}

// object writes one, without what the API server alone sets.
func object(b *bytes.Buffer, version, kind string, o any) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	fields["apiVersion"], fields["kind"] = version, kind
	delete(fields, "status")
	if m, ok := fields["metadata"].(map[string]any); ok {
		for _, set := range []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"} {
			delete(m, set)
		}
	}
	if text, err = json.Marshal(fields); err != nil {
		return err
	}
	fmt.Fprintf(b, "---\n%s\n", text)
	return nil
}
