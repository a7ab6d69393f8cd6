// Package network says whether NetworkPolicies let a connection through, by the
// semantics of networking.k8s.io/v1 (k8s.io/api/networking/v1, types.go).
package network

import (
	"net/netip"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// An Answer says whether a connection passes. Answers are ordered: the greater
// of two is that of two policies that isolate the same Pod.
type Answer int

const (
	// Denied: every policy network drops it.
	Denied Answer = iota
	// Depends: whether it passes depends on the network plugin. It rests on an
	// ipBlock for the address of a Pod, which Dataplane V2 does not match, or on
	// what is done with Pods in their node's network, which is not specified.
	Depends
	// Allowed: it passes.
	Allowed
)

// An End is one end of a connection.
type End struct {
	Pod facts.Pod
	// NamespaceLabels are those of the Pod's namespace.
	NamespaceLabels map[string]string
}

// Ingress says whether the policies let to accept a TCP connection from the
// other end at port, and returns those that isolate it, as indexes.
func Ingress(policies []facts.NetworkPolicy, from, to End, port int32) (Answer, []int) {
	return evaluate(policies, networkingv1.PolicyTypeIngress, to, from, to, port)
}

// Egress says whether the policies let from open a TCP connection to the other
// end at port, and returns those that isolate it, as indexes.
func Egress(policies []facts.NetworkPolicy, from, to End, port int32) (Answer, []int) {
	return evaluate(policies, networkingv1.PolicyTypeEgress, from, to, to, port)
}

// evaluate joins the policies that isolate self: what one of them allows passes,
// and without one everything does.
func evaluate(policies []facts.NetworkPolicy, direction networkingv1.PolicyType, self, other, listener End, port int32) (Answer, []int) {
	var isolating []int
	answer := Denied
	for i, p := range policies {
		if self.Pod.HostNetwork || p.Namespace != self.Pod.Namespace || !isolates(p.Spec, direction) || !selected(&p.Spec.PodSelector, self.Pod.Labels) {
			continue
		}
		isolating = append(isolating, i)
		for _, r := range rules(p.Spec, direction) {
			if onPort(r.ports, listener.Pod, port) {
				answer = max(answer, fromPeers(p.Namespace, r.peers, other))
			}
		}
	}
	if isolating == nil {
		return Allowed, nil
	}
	if other.Pod.HostNetwork {
		answer = max(answer, Depends)
	}
	return answer, isolating
}

// isolates reports whether the policy is about the direction. Without types it is
// about ingress, and about egress if it has rules for that.
func isolates(s networkingv1.NetworkPolicySpec, direction networkingv1.PolicyType) bool {
	if len(s.PolicyTypes) > 0 {
		return slices.Contains(s.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(s.Egress) > 0
}

type rule struct {
	ports []networkingv1.NetworkPolicyPort
	peers []networkingv1.NetworkPolicyPeer
}

func rules(s networkingv1.NetworkPolicySpec, direction networkingv1.PolicyType) (out []rule) {
	if direction == networkingv1.PolicyTypeIngress {
		for _, r := range s.Ingress {
			out = append(out, rule{r.Ports, r.From})
		}
		return out
	}
	for _, r := range s.Egress {
		out = append(out, rule{r.Ports, r.To})
	}
	return out
}

// onPort reports whether one of the ports is the one that p listens on; no
// ports stand for all.
func onPort(ports []networkingv1.NetworkPolicyPort, p facts.Pod, port int32) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(r networkingv1.NetworkPolicyPort) bool {
		switch {
		case r.Protocol != nil && *r.Protocol != "TCP":
			return false
		case r.Port == nil:
			return true
		case r.Port.Type == intstr.String:
			return slices.ContainsFunc(p.Containers, func(c facts.Container) bool { return c.Ports[r.Port.StrVal] == port })
		case r.EndPort != nil:
			return r.Port.IntVal <= port && port <= *r.EndPort
		}
		return r.Port.IntVal == port
	})
}

// fromPeers says whether other is one of the peers; no peers stand for everyone.
func fromPeers(namespace string, peers []networkingv1.NetworkPolicyPeer, other End) Answer {
	if len(peers) == 0 {
		return Allowed
	}
	answer := Denied
	for _, p := range peers {
		switch {
		case p.IPBlock != nil:
			if slices.ContainsFunc(other.Pod.IPs, func(ip string) bool { return inBlock(p.IPBlock, ip) }) {
				answer = max(answer, Depends)
			}
		case !other.Pod.HostNetwork && peerSelected(namespace, p, other):
			return Allowed
		}
	}
	return answer
}

func peerSelected(namespace string, p networkingv1.NetworkPolicyPeer, other End) bool {
	if p.NamespaceSelector == nil && other.Pod.Namespace != namespace {
		return false
	}
	if p.NamespaceSelector != nil && !selected(p.NamespaceSelector, other.NamespaceLabels) {
		return false
	}
	return p.PodSelector == nil || selected(p.PodSelector, other.Pod.Labels)
}

func inBlock(b *networkingv1.IPBlock, ip string) bool {
	return contains(b.CIDR, ip) && !slices.ContainsFunc(b.Except, func(e string) bool { return contains(e, ip) })
}

func contains(block, ip string) bool {
	prefix, err1 := netip.ParsePrefix(block)
	address, err2 := netip.ParseAddr(ip)
	return err1 == nil && err2 == nil && prefix.Contains(address.Unmap())
}

// selected reports whether the selector matches; the API server lets no selector
// be stored that can't be read.
func selected(s *metav1.LabelSelector, l map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(labels.Set(l))
}
