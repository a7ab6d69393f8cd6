package bootstrap

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// serviceCIDR follows kubernetes pkg/controlplane/controller/defaultservicecidr/default_servicecidr_controller.go,
// sync. The range is set by a flag of the control plane, so that one that is
// created has the catalogue's, and whether a single range becomes two can't be
// seen. The hook goes on without the status.
func (p *planner) serviceCIDR() {
	live, ok := facts.ServiceCIDRs.Get(p.s)
	if !ok {
		return
	}
	withStatus := p.recorded("ServiceCIDR", Update)
	for _, want := range p.recorded("ServiceCIDR", Create) {
		current := findCIDR(live, want.GetName())
		var old *unstructured.Unstructured
		switch {
		case current == nil:
			p.create(want)
			old = want
		case current.DeletionTimestamp == nil && meta.FindStatusCondition(current.Status.Conditions, networkingv1.ServiceCIDRConditionReady) == nil:
			old = untyped(current, want)
		}
		for _, w := range withStatus {
			if old == nil || w.GetName() != want.GetName() {
				continue
			}
			revised := old.DeepCopy()
			revised.Object["status"] = w.DeepCopy().Object["status"]
			p.update(revised, old, status, optional)
		}
	}
}

func findCIDR(live []networkingv1.ServiceCIDR, name string) *networkingv1.ServiceCIDR {
	for i := range live {
		if live[i].Name == name {
			return &live[i]
		}
	}
	return nil
}

// ipAllocator is who manages the IPAddresses of Services (kubernetes
// pkg/registry/core/service/ipallocator, ControllerName).
const ipAllocator = "ipallocator.k8s.io"

// ipAddresses follows kubernetes pkg/registry/core/service/ipallocator/controller/repairip.go,
// doRunOnce: each Service first, then each IPAddress, and the Events that tell of
// it. Left out are those that tell of a write that failed.
func (p *planner) ipAddresses() {
	services, ok := facts.Services.Get(p.s)
	cidrs, ok2 := facts.ServiceCIDRs.Get(p.s)
	live, ok3 := facts.IPAddresses.Get(p.s)
	if !ok || !ok2 || !ok3 {
		return
	}
	byName := map[string]facts.IPAddress{}
	for _, a := range live {
		byName[a.Name] = a
	}
	owners := map[string]facts.Service{}
	for _, s := range services {
		owners[parent(s)] = s
	}
	repaired := map[string]bool{}
	for _, s := range services {
		for _, ip := range clusterIPs(s) {
			a, exists := byName[ip.String()]
			if !repaired[ip.String()] {
				p.tellOfService(s, fault(s, ip, cidrs, a, exists, owners))
			}
			if repaired[ip.String()] || !inRange(cidrs, ip) || exists && sound(a, s, owners) {
				continue
			}
			repaired[ip.String()] = true
			if exists {
				p.remove(ipAddress(a.Name, a.Parent, a.Managed))
			}
			p.create(ipAddress(ip.String(), parent(s), true))
		}
	}
	for _, a := range live {
		owner, exists := owners[a.Parent]
		if a.Managed && !repaired[a.Name] && (!exists || !holds(owner, a.Name)) {
			p.tellOfAddress(a, exists)
			p.remove(ipAddress(a.Name, a.Parent, true))
		}
	}
}

func parent(s facts.Service) string { return "services/" + s.Namespace + "/" + s.Name }

func clusterIPs(s facts.Service) []netip.Addr {
	var ips []netip.Addr
	for _, c := range s.ClusterIPs {
		if ip, err := netip.ParseAddr(c); err == nil && s.Type != string(corev1.ServiceTypeExternalName) {
			ips = append(ips, ip)
		}
	}
	return ips
}

func holds(s facts.Service, address string) bool {
	for _, ip := range clusterIPs(s) {
		if ip.String() == address {
			return true
		}
	}
	return false
}

// inRange reports whether the address is repaired at all. While there is no
// ServiceCIDR yet, the one to come has every address.
func inRange(cidrs []networkingv1.ServiceCIDR, ip netip.Addr) bool {
	for _, c := range cidrs {
		for _, s := range c.Spec.CIDRs {
			if prefix, err := netip.ParsePrefix(s); err == nil && prefix.Contains(ip) {
				return true
			}
		}
	}
	return len(cidrs) == 0
}

// sound reports whether the address of s is left as it is: it belongs to s, or
// to another Service that exists, and has the allocator's label.
func sound(a facts.IPAddress, s facts.Service, owners map[string]facts.Service) bool {
	_, exists := owners[a.Parent]
	return (a.Parent == parent(s) || exists) && a.Managed
}

func ipAddress(name, parent string, managed bool) *unstructured.Unstructured {
	object := networkingv1.IPAddress{
		TypeMeta:   metav1.TypeMeta{APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "IPAddress"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       networkingv1.IPAddressSpec{ParentRef: parentRef(parent)},
	}
	if managed {
		family := corev1.IPv4Protocol
		if ip, err := netip.ParseAddr(name); err == nil && ip.Is6() {
			family = corev1.IPv6Protocol
		}
		object.Labels = map[string]string{networkingv1.LabelManagedBy: ipAllocator, networkingv1.LabelIPAddressFamily: string(family)}
	}
	return untypedOf(&object)
}

func parentRef(parent string) *networkingv1.ParentReference {
	parts := append(strings.SplitN(parent, "/", 3), "", "", "")
	return &networkingv1.ParentReference{Resource: parts[0], Namespace: parts[1], Name: parts[2]}
}
