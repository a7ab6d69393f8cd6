package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// looseAddresses are read as API servers do that are strict (kubernetes
// pkg/apis/core/validation/validation.go, IsValidIPForLegacyField and
// IsValidCIDRForLegacyField).
func looseAddresses(ctx context.Context, c *cluster) ([]facts.LooseAddress, error) {
	read, err := c.services()
	if err != nil {
		return nil, err
	}
	all := slices.Clone(read.loose)
	_, err = list(ctx, c.reader, c.typed.NetworkingV1().NetworkPolicies("").List, metav1.ListOptions{}, func(p *networkingv1.NetworkPolicy) (struct{}, bool) {
		all = append(all, looseOfPolicy(p)...)
		return struct{}{}, false
	})
	slices.SortFunc(all, func(a, b facts.LooseAddress) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(a.Field, b.Field))
	})
	return slices.Compact(all), err
}

// A looseReader gathers what is not written strictly of one object.
type looseReader struct {
	kind, namespace, name string
	found                 []facts.LooseAddress
}

func (l *looseReader) note(errs field.ErrorList) {
	for _, e := range errs {
		value, _ := e.BadValue.(string)
		l.found = append(l.found, facts.LooseAddress{Kind: l.kind, Namespace: l.namespace, Name: l.name, Field: e.Field, Value: value, Why: e.Detail})
	}
}

func (l *looseReader) addresses(at *field.Path, all []string) {
	for n, a := range all {
		l.note(validation.IsValidIPForLegacyField(at.Index(n), a, true, nil))
	}
}

func (l *looseReader) ranges(at *field.Path, all []string) {
	for n, a := range all {
		l.note(validation.IsValidCIDRForLegacyField(at.Index(n), strings.TrimSpace(a), true, nil))
	}
}

func looseOfService(s *corev1.Service) []facts.LooseAddress {
	l := looseReader{kind: "Service", namespace: s.Namespace, name: s.Name}
	spec := field.NewPath("spec")
	l.addresses(spec.Child("externalIPs"), s.Spec.ExternalIPs)
	l.ranges(spec.Child("loadBalancerSourceRanges"), s.Spec.LoadBalancerSourceRanges)
	if s.Spec.ClusterIP != corev1.ClusterIPNone {
		l.addresses(spec.Child("clusterIPs"), s.Spec.ClusterIPs)
	}
	return l.found
}

func looseOfPolicy(p *networkingv1.NetworkPolicy) []facts.LooseAddress {
	l := looseReader{kind: "NetworkPolicy", namespace: p.Namespace, name: p.Name}
	peers := func(at *field.Path, all []networkingv1.NetworkPolicyPeer) {
		for n, peer := range all {
			if b := peer.IPBlock; b != nil {
				at := at.Index(n).Child("ipBlock")
				l.note(validation.IsValidCIDRForLegacyField(at.Child("cidr"), b.CIDR, true, nil))
				l.ranges(at.Child("except"), b.Except)
			}
		}
	}
	for n, r := range p.Spec.Ingress {
		peers(field.NewPath("spec", "ingress").Index(n).Child("from"), r.From)
	}
	for n, r := range p.Spec.Egress {
		peers(field.NewPath("spec", "egress").Index(n).Child("to"), r.To)
	}
	return l.found
}
