package kube_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestManagers keeps who has written a webhook configuration, once each, and none
// of what he has written.
func TestManagers(t *testing.T) {
	s := serve(t)
	s.json(validatingPath, `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"opa","annotations":{"token":"hunter2"},"managedFields":[
		{"manager":"helm","operation":"Update","fieldsType":"FieldsV1","fieldsV1":{"f:webhooks":{}}},
		{"manager":"helm","operation":"Apply"},{"manager":"kube-apiserver"}]}}]}`)
	got := facts.ValidatingWebhooks.Of(s.collect(t, kube.Options{}))[0]
	want := []metav1.ManagedFieldsEntry{{Manager: "helm"}, {Manager: "kube-apiserver"}}
	if diff := cmp.Diff(want, slices.Clone(got.ManagedFields)); diff != "" || got.Annotations != nil {
		t.Errorf("%s\nannotations: %v", diff, got.Annotations)
	}
}
