package probe

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/generic"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/request"
	"k8s.io/apiserver/pkg/authentication/user"

	ours "github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// TestReview holds the review against the one that the API server's own code
// makes for the same write.
func TestReview(t *testing.T) {
	create := write("a")
	update := create
	update.Operation, update.Subresource = bootstrap.Update, "status"
	update.OldObject = &unstructured.Unstructured{Object: map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": map[string]any{"name": "a", "labels": map[string]any{"old": "yes"}}}}
	remove := update
	remove.Operation, remove.Subresource, remove.Object = bootstrap.Delete, "", nil
	namespaced := create
	namespaced.Namespace = "kube-system"
	for _, w := range []bootstrap.Write{create, update, remove, namespaced} {
		t.Run(w.Key(), func(t *testing.T) {
			for _, version := range []string{"v1", "v1beta1"} {
				i := opa(w, func(i *ours.Interception) { i.Resource.Version, i.ObjectKind.Version = "v1beta1", "v1beta1" })
				got := review(version, i, w)
				if diff := cmp.Diff(upstream(t, version, i, w, got), decode(t, got)); diff != "" {
					t.Errorf("%s (-upstream +ours):\n%s", version, diff)
				}
				if bytes.Contains(got, []byte(`"dryRun":false`)) {
					t.Error("not a dry-run")
				}
			}
		})
	}
}

// upstream returns what the API server would send, with the two UIDs of got,
// which it makes at random.
func upstream(t *testing.T, version string, i ours.Interception, w bootstrap.Write, got []byte) map[string]any {
	t.Helper()
	var sent admissionv1.AdmissionReview
	if err := json.Unmarshal(got, &sent); err != nil {
		t.Fatal(err)
	}
	caller := &user.DefaultInfo{Name: w.User.Name, Groups: w.User.Groups, UID: sent.Request.UserInfo.UID}
	attr := &admission.VersionedAttributes{VersionedKind: i.ObjectKind}
	if i.Object != nil {
		attr.VersionedObject.Set(i.Object)
	}
	if i.OldObject != nil {
		attr.VersionedOldObject.Set(i.OldObject)
	}
	all := []string{metav1.DryRunAll}
	created := &metav1.CreateOptions{TypeMeta: typeMeta("CreateOptions"), DryRun: all}
	updated := &metav1.UpdateOptions{TypeMeta: typeMeta("UpdateOptions"), DryRun: all}
	deleted := &metav1.DeleteOptions{TypeMeta: typeMeta("DeleteOptions"), DryRun: all}
	switch w.Operation {
	case bootstrap.Create:
		attr.Attributes = admission.NewAttributesRecord(nil, nil, w.Kind, w.Namespace, w.Name, w.Resource, w.Subresource, admission.Create, created, true, caller)
	case bootstrap.Update:
		attr.Attributes = admission.NewAttributesRecord(nil, nil, w.Kind, w.Namespace, w.Name, w.Resource, w.Subresource, admission.Update, updated, true, caller)
	case bootstrap.Delete:
		attr.Attributes = admission.NewAttributesRecord(nil, nil, w.Kind, w.Namespace, w.Name, w.Resource, w.Subresource, admission.Delete, deleted, true, caller)
	}
	invocation := &generic.WebhookInvocation{Resource: i.Resource, Subresource: w.Subresource, Kind: i.ObjectKind}
	var made any
	if version == "v1" {
		r := request.CreateV1AdmissionReview(sent.Request.UID, attr, invocation)
		r.TypeMeta = metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"}
		made = r
	} else {
		r := request.CreateV1beta1AdmissionReview(sent.Request.UID, attr, invocation)
		r.TypeMeta = metav1.TypeMeta{APIVersion: "admission.k8s.io/v1beta1", Kind: "AdmissionReview"}
		made = r
	}
	b, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, b)
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: kind}
}

func decode(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReviewVersion(t *testing.T) {
	for _, test := range []struct {
		takes []string
		want  string
	}{
		{[]string{"v1", "v1beta1"}, "v1"},
		{[]string{"v2", "v1beta1", "v1"}, "v1beta1"},
		{[]string{"v2"}, ""},
		{nil, ""},
	} {
		if got := reviewVersion(ours.Interception{ReviewVersions: test.takes}); got != test.want {
			t.Errorf("%v: %q, not %q", test.takes, got, test.want)
		}
	}
}

func TestUID(t *testing.T) {
	a, b := write("a"), write("b")
	seen := map[any]bool{}
	for _, u := range []any{
		uid("request", opa(a), a), uid("user", opa(a), a), uid("request", opa(b), b),
		uid("request", opa(a, func(i *ours.Interception) { i.Webhook = "other" }), a),
	} {
		if seen[u] {
			t.Errorf("%v twice", u)
		}
		seen[u] = true
	}
	if first, again := uid("request", opa(a), a), uid("request", opa(a), a); first != again {
		t.Error("not repeatable")
	}
}
