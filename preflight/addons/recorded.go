package addons

import (
	"bytes"
	"encoding/json"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Manifest is what a recording holds of webhooks and policies, and of the Namespaces and
// Services that decide what these see, as one would apply it.
func Manifest(s *facts.Snapshot) ([]byte, error) {
	w := writer{}
	add(&w, s, facts.ValidatingWebhooks, admissionKind("ValidatingWebhookConfiguration"))
	add(&w, s, facts.MutatingWebhooks, admissionKind("MutatingWebhookConfiguration"))
	add(&w, s, facts.ValidatingPolicies, admissionKind("ValidatingAdmissionPolicy"))
	add(&w, s, facts.ValidatingPolicyBindings, admissionKind("ValidatingAdmissionPolicyBinding"))
	add(&w, s, facts.MutatingPolicies, admissionKind("MutatingAdmissionPolicy"))
	add(&w, s, facts.MutatingPolicyBindings, admissionKind("MutatingAdmissionPolicyBinding"))
	namespaces, _ := facts.Namespaces.Get(s)
	for _, n := range namespaces {
		w.put(coreKind("Namespace"), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}})
	}
	services, _ := facts.Services.Get(s)
	for _, v := range services {
		w.put(coreKind("Service"), serviceOf(v))
	}
	return w.text.Bytes(), w.err
}

func admissionKind(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: admissionregistrationv1.SchemeGroupVersion.String(), Kind: kind}
}

func coreKind(kind string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: kind} }

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

// A writer writes documents, up to the first error.
type writer struct {
	text bytes.Buffer
	err  error
}

func add[T any](w *writer, s *facts.Snapshot, k facts.Key[[]T], kind metav1.TypeMeta) {
	all, _ := k.Get(s)
	for n := range all {
		w.put(kind, &all[n])
	}
}

func (w *writer) put(kind metav1.TypeMeta, object any) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		w.err = err
		return
	}
	fields["apiVersion"], fields["kind"] = kind.APIVersion, kind.Kind
	delete(fields, "status")
	b, err := json.Marshal(fields)
	if err != nil {
		w.err = err
		return
	}
	w.text.WriteString("---\n")
	w.text.Write(append(b, '\n'))
}
