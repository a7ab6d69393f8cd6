package probe

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// reviewVersion is the API version in which the API server would ask the
// webhook, the first of its list that is known; empty if none is
// (k8s.io/apiserver pkg/admission/plugin/webhook/request, CreateAdmissionObjects).
func reviewVersion(i admission.Interception) string {
	for _, v := range i.ReviewVersions {
		if v == admissionv1.SchemeGroupVersion.Version || v == admissionv1beta1.SchemeGroupVersion.Version {
			return v
		}
	}
	return ""
}

// review returns the AdmissionReview that the API server would send for a
// dry-run of the write. It is the same for the same webhook and write.
func review(version string, i admission.Interception, w bootstrap.Write) []byte {
	yes := true
	request := admissionv1.AdmissionRequest{
		UID:  uid("request", i, w),
		Kind: kind(i.ObjectKind), Resource: resource(i.Resource), SubResource: w.Subresource,
		Name: nameOf(i.Object, w), Namespace: w.Namespace, Operation: admissionv1.Operation(w.Operation),
		UserInfo:           authenticationv1.UserInfo{Username: w.User.Name, UID: string(uid("user", i, w)), Groups: w.User.Groups},
		RequestSubResource: w.Subresource,
		Object:             raw(i.Object), OldObject: raw(i.OldObject),
		DryRun: &yes, Options: runtime.RawExtension{Raw: options(w.Operation)},
	}
	if i.Kind == admission.ValidatingWebhook && w.For != nil && request.Name == "" && i.Object != nil {
		made := i.Object.DeepCopy()
		made.SetName(made.GetGenerateName() + generated)
		request.Name, request.Object = made.GetName(), raw(made)
	}
	requestKind, requestResource := kind(w.Kind), resource(w.Resource)
	request.RequestKind, request.RequestResource = &requestKind, &requestResource
	return encode(struct {
		metav1.TypeMeta `json:",inline"`
		Request         admissionv1.AdmissionRequest `json:"request"`
	}{metav1.TypeMeta{APIVersion: "admission.k8s.io/" + version, Kind: "AdmissionReview"}, request})
}

// generated stands for what the API server ends a generated name with, before validating
// webhooks are called and after mutating ones were (k8s.io/apiserver
// pkg/endpoints/handlers/create.go, createHandler).
const generated = "x7k2p"

// nameOf is the name in the request: none while it is still to be generated.
func nameOf(o *unstructured.Unstructured, w bootstrap.Write) string {
	if w.For != nil && w.Operation == bootstrap.Create && w.Subresource == "" && o != nil {
		return o.GetName()
	}
	return w.Name
}

// options returns the options of the request, which say that it is a dry-run.
func options(o bootstrap.Operation) []byte {
	kinds := map[bootstrap.Operation]string{bootstrap.Create: "CreateOptions", bootstrap.Update: "UpdateOptions", bootstrap.Delete: "DeleteOptions"}
	return encode(struct {
		metav1.TypeMeta `json:",inline"`
		DryRun          []string `json:"dryRun"`
	}{metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: kinds[o]}, []string{metav1.DryRunAll}})
}

// uid returns a UUID (RFC 9562, version 8) that depends on the webhook and the
// write alone, so that a plan can be repeated.
func uid(purpose string, i admission.Interception, w bootstrap.Write) types.UID {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s\x00%s", purpose, i.Kind, i.Name, i.Webhook, w.Hook, w.Key()))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]))
}

func kind(k schema.GroupVersionKind) metav1.GroupVersionKind {
	return metav1.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

func resource(r schema.GroupVersionResource) metav1.GroupVersionResource {
	return metav1.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource}
}

func raw(o *unstructured.Unstructured) runtime.RawExtension {
	if o == nil {
		return runtime.RawExtension{}
	}
	return runtime.RawExtension{Raw: encode(o.Object)}
}

// encode panics only for what no JSON object holds, such as a channel.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("probe: %v", err))
	}
	return b
}
