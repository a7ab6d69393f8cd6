// Package manifest adds webhooks and policies that are not applied yet to a
// snapshot, as if they were.
package manifest

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Name is a configuration or policy that a manifest holds.
type Name struct{ Kind, Name string }

// Apply returns s with the webhook configurations, policies and bindings of the
// manifest, which replace those of the same name, and their names. Objects of
// other kinds are left out, as a rendered chart holds many. It is an error if
// there is none, or one that does not read as what it says it is; file names the
// manifest in errors.
func Apply(s *facts.Snapshot, file string, content []byte) (*facts.Snapshot, []Name, error) {
	var found []Name
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for n := 1; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		applied, names, err := apply(s, document)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: document %d: %w", file, n, err)
		}
		s, found = applied, append(found, names...)
	}
	if found == nil {
		return nil, nil, fmt.Errorf("%s holds no webhook configuration, admission policy or binding of %s", file, admissionregistrationv1.SchemeGroupVersion)
	}
	return s, found, nil
}

type head struct {
	metav1.TypeMeta `json:",inline"`
	Items           []rawItem `json:"items"`
}

type rawItem struct{ bytes []byte }

func (r *rawItem) UnmarshalJSON(b []byte) error { r.bytes = slices.Clone(b); return nil }

func apply(s *facts.Snapshot, document []byte) (*facts.Snapshot, []Name, error) {
	var h head
	if err := yaml.Unmarshal(document, &h); err != nil {
		return nil, nil, err
	}
	if h.Kind == "List" {
		var found []Name
		for _, item := range h.Items {
			applied, names, err := apply(s, item.bytes)
			if err != nil {
				return nil, nil, err
			}
			s, found = applied, append(found, names...)
		}
		return s, found, nil
	}
	group, version, _ := strings.Cut(h.APIVersion, "/")
	if group != admissionregistrationv1.GroupName {
		return s, nil, nil
	}
	switch h.Kind {
	case "ValidatingWebhookConfiguration":
		return put(s, facts.ValidatingWebhooks, h, version, document)
	case "MutatingWebhookConfiguration":
		return put(s, facts.MutatingWebhooks, h, version, document)
	case "ValidatingAdmissionPolicy":
		return put(s, facts.ValidatingPolicies, h, version, document)
	case "ValidatingAdmissionPolicyBinding":
		return put(s, facts.ValidatingPolicyBindings, h, version, document)
	case "MutatingAdmissionPolicy":
		return put(s, facts.MutatingPolicies, h, version, document)
	case "MutatingAdmissionPolicyBinding":
		return put(s, facts.MutatingPolicyBindings, h, version, document)
	}
	return nil, nil, fmt.Errorf("kind %s of %s is not known to this version of gke-preflight", h.Kind, h.APIVersion)
}

// put reads the document as a T and puts it in its place by name. Policies of
// beta versions have the fields of v1.
func put[T any](s *facts.Snapshot, k facts.Key[[]T], h head, version string, document []byte) (*facts.Snapshot, []Name, error) {
	object := new(T)
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return nil, nil, fmt.Errorf("%s of version %s: %w", h.Kind, version, err)
	}
	name := nameOf(object)
	if name == "" {
		return nil, nil, fmt.Errorf("%s: metadata.name is missing", h.Kind)
	}
	live, ok := k.Get(s)
	if a, absent := s.Absence(k); !ok && absent && a.Reason != facts.NotCollected {
		return nil, nil, fmt.Errorf("can't be added to what was not read: %s (%s)", k.ID(), a)
	}
	all := slices.DeleteFunc(slices.Clone(live), func(o T) bool { return nameOf(&o) == name })
	all = append(all, *object)
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(nameOf(&a), nameOf(&b)) })
	return s.With(facts.Present(k, all)), []Name{{h.Kind, name}}, nil
}

func nameOf(object any) string { return object.(metav1.Object).GetName() }
