package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/network"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var webhookPortClosed = preflight.Check{
	ID:       "GP151",
	Name:     "webhook-port-closed",
	Title:    "The firewall keeps the control plane from a webhook's port",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Endpoints, facts.KonnectivityAgents},
	Uses:     []facts.Fact{facts.GKENetwork, facts.GKEFirewall},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		if len(facts.KonnectivityAgents.Of(s)) > 0 {
			return nil
		}
		seen := map[string]bool{}
		for _, w := range webhooks(s) {
			if w.client.Service == nil || seen[w.service()] {
				continue
			}
			seen[w.service()] = true
			for _, port := range portsBehind(s, w) {
				if f := firewalled(s, w, port); f != nil {
					f.Severity, f.Subject = preflight.Warning, preflight.Subject{Kind: "Service", Namespace: w.client.Service.Namespace, Name: w.client.Service.Name}
					fs = append(fs, *f)
				}
			}
		}
		return fs
	},
}

// portsBehind are those of the ready endpoints of w's Service: it is the Pod's port
// that the control plane connects to, not the Service's.
func portsBehind(s *facts.Snapshot, w webhook) (ports []int32) {
	for _, v := range facts.Endpoints.Of(s) {
		if v.Namespace+"/"+v.Service != w.service() {
			continue
		}
		for _, e := range v.Endpoints {
			if e.Ready && !slices.Contains(ports, e.Port) {
				ports = append(ports, e.Port)
			}
		}
	}
	slices.Sort(ports)
	return ports
}

// firewalled judges the way to one port; nil if it is open.
func firewalled(s *facts.Snapshot, w webhook, port int32) *preflight.Finding {
	where := fmt.Sprintf("port %d of service %s", port, w.service())
	open := func(why string) *preflight.Finding {
		return &preflight.Finding{Undecided: fmt.Sprintf("whether the firewall lets the control plane, which has no konnectivity agents here, reach %s: %s", where, why)}
	}
	for _, f := range []facts.Fact{facts.GKENetwork, facts.GKEFirewall} {
		if a, absent := s.Absence(f); absent {
			return open(fmt.Sprintf("could not read %s (%s)", f.ID(), a))
		}
	}
	n := facts.GKENetwork.Of(s)
	if n.ControlPlaneRange == "" {
		return open("GKE does not tell the control plane's address range")
	}
	rules := facts.GKEFirewall.Of(s)
	nodeTag := "NODE_TAG"
	answer, decisive := network.Firewall(rules, n.ControlPlaneRange, port, func(tag string) (has, known bool) {
		return ofNodes(s, tag), false
	})
	for _, r := range rules {
		if i := slices.IndexFunc(r.TargetTags, func(tag string) bool { return ofNodes(s, tag) }); i >= 0 {
			nodeTag = r.TargetTags[i]
		}
	}
	switch answer {
	case network.Allowed:
		return nil
	case network.Depends:
		return open("rules are for machines or addresses of which it can't be told whether the nodes and the control plane are among them")
	case network.Denied:
	}
	by := "no rule allows it"
	evidence := []preflight.Evidence{finding.EvidenceOf(facts.GKENetwork, n.ControlPlaneRange, "the control plane's addresses", "/controlPlaneRange")}
	if decisive >= 0 {
		by = "rule " + rules[decisive].Name + " denies it"
		evidence = append(evidence, finding.EvidenceOf(facts.GKEFirewall, rules[decisive].Name, "denies", "/%d/name", decisive))
	}
	return &preflight.Finding{
		Summary:  fmt.Sprintf("the firewall does not let the control plane connect to %s: %s; calls time out, and %s", where, by, w.effect()),
		Evidence: evidence,
		Steps:    letIn(s, nodeTag, port).Or("let the backend listen on 443 or 10250, which GKE's own rule allows"),
	}
}

// letIn is the rule that lets the control plane connect to the port on the nodes.
func letIn(s *facts.Snapshot, nodeTag string, port int32) remedy.Steps {
	n := facts.GKENetwork.Of(s)
	project, network := hostProject(n.Network)
	steps := remedy.Do("let it in", remedy.Sh("gcloud compute firewall-rules create %s-webhooks --project %s --network %s --direction INGRESS --source-ranges %s --target-tags %s --allow tcp:%d",
		s.Meta.Cluster.Name, project, network, n.ControlPlaneRange, nodeTag, port))
	if network == "NETWORK" {
		steps = steps.Where("PROJECT", "the project that the cluster's network belongs to").Where("NETWORK", "the network's name", finding.ClusterCommand(s, "describe", "--format", "value(networkConfig.network)"))
	}
	if nodeTag == "NODE_TAG" {
		steps = steps.Where("NODE_TAG", "the network tag that GKE gave the nodes", remedy.Sh("gcloud compute instances list --project %s --filter name~gke-%s- --format 'value(tags.items)'", s.Meta.Cluster.Project, s.Meta.Cluster.Name))
	}
	return steps
}

// hostProject takes projects/PROJECT/global/networks/NAME apart.
func hostProject(network string) (project, name string) {
	parts := strings.Split(network, "/")
	if len(parts) != 5 {
		return "PROJECT", "NETWORK"
	}
	return parts[1], parts[4]
}

// ofNodes reports whether it is the network tag that GKE gives the cluster's nodes,
// such as gke-prod-1a2b3c4d-node.
func ofNodes(s *facts.Snapshot, tag string) bool {
	return strings.HasPrefix(tag, "gke-"+s.Meta.Cluster.Name+"-") && strings.HasSuffix(tag, "-node")
}
