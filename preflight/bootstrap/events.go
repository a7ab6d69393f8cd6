package bootstrap

import (
	"cmp"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// eventKind is what best-effort writes are of.
var eventKind = eventsv1.SchemeGroupVersion.WithKind("Event")

// ipRepairer reports the Events of the repair of Service IPs.
const ipRepairer = "ipallocator-repair-controller"

// fault is the reason of the Event that tells what is wrong with a Service's
// address; empty if there is none (kubernetes
// pkg/registry/core/service/ipallocator/controller/repairip.go, syncService). That an
// address lacks the allocator's label is repaired without a word.
func fault(s facts.Service, ip netip.Addr, cidrs []networkingv1.ServiceCIDR, a facts.IPAddress, exists bool, owners map[string]facts.Service) (reason string) {
	owner, owned := owners[a.Parent]
	switch {
	case !inRange(cidrs, ip):
		return "ClusterIPOutOfRange"
	case !exists, a.Parent != parent(s) && !owned:
		return "ClusterIPNotAllocated"
	case a.Parent != parent(s) && holds(owner, a.Name):
		return "ClusterIPAlreadyAllocated"
	}
	return ""
}

func (p *planner) tellOfService(s facts.Service, reason string) {
	if reason != "" {
		p.tell("ClusterIPAllocation", reason, corev1.ObjectReference{APIVersion: "v1", Kind: "Service", Namespace: s.Namespace, Name: s.Name})
	}
}

// tellOfAddress is of an IPAddress that is removed because the Service that it is
// for is gone, or has another.
func (p *planner) tellOfAddress(a facts.IPAddress, owned bool) {
	reason := "IPAddressNotAllocated"
	if owned {
		reason = "IPAddressWrongReference"
	}
	p.tell("IPAddressAllocation", reason, corev1.ObjectReference{APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "IPAddress", Name: a.Name})
}

// tell plans the Event by which the hook says that something is the matter with an
// object, as client-go makes it (tools/events/event_recorder.go, makeEvent, and
// event_broadcaster.go, recordToSink): at the second time in one pass, as for the
// second address of a Service, the same Event is updated, and then no more. A
// rejected one is not tried again.
func (p *planner) tell(action, reason string, about corev1.ObjectReference) {
	e := untypedOf(&eventsv1.Event{
		TypeMeta:   metav1.TypeMeta{APIVersion: eventKind.GroupVersion().String(), Kind: eventKind.Kind},
		ObjectMeta: metav1.ObjectMeta{Namespace: cmp.Or(about.Namespace, metav1.NamespaceDefault), Name: about.Name + "." + catalogue.Moment},
		Type:       corev1.EventTypeWarning, Action: action, Reason: reason, ReportingController: ipRepairer, Regarding: about,
	})
	sketch := func(w *Write) { w.Sketch = true }
	key := about.Kind + "/" + about.Namespace + "/" + about.Name + "/" + reason
	p.told[key]++
	switch p.told[key] {
	case 1:
		p.create(e, background, sketch)
	case 2:
		p.update(e, e, background, sketch)
	}
}
