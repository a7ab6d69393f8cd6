package bootstrap

import (
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// identityLease is how a replica makes itself known: a lease that it creates and
// then renews every 10 s. The name is made from the replica's host name, which is not known
// beforehand: it is that of the catalogue. So is the holder's, which the catalogue leaves out
// with the times, as they differ from start to start.
func (p *planner) identityLease() {
	now := p.s.Meta.CollectedAt
	for _, lease := range p.recorded("Lease", Create) {
		lease = held(lease, now)
		p.create(lease, everyStart, background)
		for _, renewed := range p.recorded("Lease", Update) {
			p.update(held(renewed, now.Add(identityRenewal)), lease, everyStart, background)
		}
	}
}

// identityRenewal is how often an API server renews its lease (kubernetes
// pkg/controlplane/apiserver/server.go, IdentityLeaseRenewIntervalPeriod).
const identityRenewal = 10 * time.Second

// held is an identity lease with its holder and when that renewed it (kubernetes
// pkg/controlplane/apiserver/server.go, New).
func held(lease *unstructured.Unstructured, renewed time.Time) *unstructured.Unstructured {
	lease = lease.DeepCopy()
	spec, _, _ := unstructured.NestedMap(lease.Object, "spec")
	spec["holderIdentity"] = catalogue.Lease + "_00000000-0000-0000-0000-000000000000"
	spec["renewTime"] = renewed.UTC().Format(metav1.RFC3339Micro)
	lease.Object["spec"] = spec
	return lease
}

// identityLeaseAnew is identityLease since 1.35: it first deletes what an earlier
// start on the same host left behind, and the replica waits for that.
func (p *planner) identityLeaseAnew() {
	live, _ := facts.IdentityLeases.Get(p.s)
	if len(live) > 0 {
		p.remove(p.leaseOf(live[0]), everyStart, optional,
			when("if the new replica has the host name of an earlier one, whose lease is still there"))
	}
	p.identityLease()
}

// expiredLeases are the identity leases that nobody has renewed in time.
func (p *planner) expiredLeases() {
	live, _ := facts.IdentityLeases.Get(p.s)
	for _, l := range live {
		if l.Expired(p.s.Meta.CollectedAt) {
			p.remove(p.leaseOf(l))
		}
	}
}

func (p *planner) leaseOf(l facts.IdentityLease) *unstructured.Unstructured {
	lease := coordinationv1.Lease{
		TypeMeta:   metav1.TypeMeta{APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: l.Name, Labels: l.Labels},
	}
	if !l.Renewed.IsZero() {
		lease.Spec.RenewTime = &metav1.MicroTime{Time: l.Renewed}
	}
	if l.Holder != "" {
		lease.Spec.HolderIdentity = &l.Holder
	}
	if l.Seconds > 0 {
		lease.Spec.LeaseDurationSeconds = &l.Seconds
	}
	return untypedOf(&lease)
}

// kubernetesService is the Service default/kubernetes, created if it isn't there,
// and its addresses, which the new replica adds its own to. It does so once it
// is ready. Its address is not known beforehand: it is that of the catalogue.
// Left out is what it does before that if it has the address of one that ended
// within the last 15 seconds without a shutdown: it first takes the address away.
func (p *planner) kubernetesService() {
	live, ok := facts.KubernetesService.Get(p.s)
	if !ok {
		return
	}
	if !live.Exists {
		for _, kind := range []string{"IPAddress", "Service"} {
			for _, object := range p.recorded(kind, Create) {
				p.create(object, background)
			}
		}
	}
	for _, endpoints := range p.recorded("Endpoints", Create) {
		p.joinAddresses(endpoints, live.Addresses, func(addresses []string) *unstructured.Unstructured {
			e := typed[corev1.Endpoints](endpoints)
			e.Subsets[0].Addresses = nil
			for _, a := range addresses {
				e.Subsets[0].Addresses = append(e.Subsets[0].Addresses, corev1.EndpointAddress{IP: a})
			}
			return untypedOf(e)
		})
	}
	for _, slice := range p.recorded("EndpointSlice", Create) {
		p.joinAddresses(slice, live.SliceAddresses, func(addresses []string) *unstructured.Unstructured {
			s := typed[discoveryv1.EndpointSlice](slice)
			template := s.Endpoints[0]
			s.Endpoints = nil
			for _, a := range addresses {
				template.Addresses = []string{a}
				s.Endpoints = append(s.Endpoints, template)
			}
			return untypedOf(s)
		})
	}
}

func (p *planner) joinAddresses(fresh *unstructured.Unstructured, live []string, of func([]string) *unstructured.Unstructured) {
	if len(live) == 0 {
		p.create(fresh, everyStart, background)
		return
	}
	joined := append(slices.Clone(live), catalogue.Address)
	slices.Sort(joined)
	p.update(of(joined), of(live), everyStart, background)
}
