package rehearsal

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// services are all but the API server's own. One whose address is in none of the ranges
// gets another: an API server would not take it, and calls no webhook by it.
func services(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	all, _ := facts.Services.Get(s)
	cidrs, _ := serviceCIDR(s)
	ranges := strings.Split(cidrs, ",")
	for _, v := range all {
		if v.Namespace == "default" && v.Name == "kubernetes" {
			continue // the servers keep it themselves
		}
		spec := map[string]any{}
		if v.Type != "" {
			spec["type"] = v.Type
		}
		if v.ExternalName != "" {
			spec["externalName"] = v.ExternalName
		}
		if len(v.Selector) > 0 {
			spec["selector"] = anyMap(v.Selector)
		}
		if len(v.ClusterIPs) > 0 && within(ranges, v.ClusterIPs) {
			spec["clusterIP"], spec["clusterIPs"] = v.ClusterIPs[0], anySlice(v.ClusterIPs)
		}
		if len(v.ClusterIPs) > 1 && within(ranges, v.ClusterIPs) {
			spec["ipFamilyPolicy"] = "RequireDualStack"
		}
		if ports := servicePorts(v); ports != nil {
			spec["ports"] = ports
		}
		out = append(out, object("v1", "Service", map[string]any{"metadata": map[string]any{"namespace": v.Namespace, "name": v.Name}, "spec": spec}))
	}
	return out
}

// within reports whether each address is in one of the ranges, or none is given as None.
func within(ranges, addresses []string) bool {
	for _, text := range addresses {
		a, err := netip.ParseAddr(text)
		if err != nil {
			continue // "None"
		}
		if !slices.ContainsFunc(ranges, func(r string) bool {
			p, err := netip.ParsePrefix(r)
			return err == nil && p.Contains(a)
		}) {
			return false
		}
	}
	return true
}

func servicePorts(v facts.Service) (ports []any) {
	for _, p := range v.Ports {
		port := map[string]any{"port": int64(p.Port)}
		if p.Name != "" {
			port["name"] = p.Name
		}
		if p.Protocol != "" {
			port["protocol"] = p.Protocol
		}
		if n, err := strconv.ParseInt(p.TargetPort, 10, 32); err == nil { // recorded as a string, whichever it was
			if n > 0 {
				port["targetPort"] = n
			}
		} else if p.TargetPort != "" {
			port["targetPort"] = p.TargetPort
		}
		ports = append(ports, port)
	}
	return ports
}

// endpoints are the addresses behind the Services that webhooks call, both as
// Endpoints, which minors up to 1.33 read, and as EndpointSlices.
func endpoints(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	all, _ := facts.Endpoints.Get(s)
	for _, v := range all {
		var subsets []any
		for n, e := range v.Endpoints {
			family := "IPv4"
			if a, err := netip.ParseAddr(e.IP); err == nil && a.Is6() {
				family = "IPv6"
			}
			out = append(out, object("discovery.k8s.io/v1", "EndpointSlice", map[string]any{
				"metadata": map[string]any{"namespace": v.Namespace, "name": fmt.Sprintf("%s-%d", v.Service, n),
					"labels": map[string]any{"kubernetes.io/service-name": v.Service}},
				"addressType": family,
				"endpoints":   []any{map[string]any{"addresses": []any{e.IP}, "conditions": map[string]any{"ready": e.Ready}}},
				"ports":       []any{map[string]any{"name": e.PortName, "port": int64(e.Port), "protocol": "TCP"}}}))
			list := "notReadyAddresses"
			if e.Ready {
				list = "addresses"
			}
			subsets = append(subsets, map[string]any{list: []any{map[string]any{"ip": e.IP}}, "ports": []any{map[string]any{"name": e.PortName, "port": int64(e.Port), "protocol": "TCP"}}})
		}
		out = append(out, object("v1", "Endpoints", map[string]any{"metadata": map[string]any{"namespace": v.Namespace, "name": v.Service}, "subsets": subsets}))
	}
	return out
}
