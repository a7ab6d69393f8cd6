package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// commands are the lines of a remedy.
func commands(s *facts.Snapshot, w webhook, cs []command) string {
	var lines []string
	for _, c := range cs {
		if line := c(s, w); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if w.client.Service == nil && lines == nil {
		return lookAtPods(s, w)
	}
	return strings.Join(lines, "\n")
}

// inNamespace begins a kubectl command on what is behind w; empty for a URL.
func inNamespace(w webhook, rest string) string {
	if w.client.Service == nil {
		return ""
	}
	return "kubectl --namespace " + w.client.Service.Namespace + " " + rest
}

func pods(s *facts.Snapshot, w webhook) string { return lookAtPods(s, w) }

func service(_ *facts.Snapshot, w webhook) string {
	if w.client.Service == nil {
		return ""
	}
	return inNamespace(w, "describe service "+w.client.Service.Name)
}

func described(s *facts.Snapshot, w webhook) string {
	return inNamespace(w, "describe pods"+selecting(s, w))
}

func deployments(_ *facts.Snapshot, w webhook) string {
	return inNamespace(w, "get deployments,statefulsets,daemonsets")
}

func top(s *facts.Snapshot, w webhook) string { return inNamespace(w, "top pods"+selecting(s, w)) }

func policies(_ *facts.Snapshot, w webhook) string { return inNamespace(w, "get networkpolicies") }

func logs(s *facts.Snapshot, w webhook) string {
	return inNamespace(w, "logs --tail 50"+selecting(s, w))
}

func lastWords(s *facts.Snapshot, w webhook) string {
	return inNamespace(w, "logs --previous --tail 50"+selecting(s, w))
}

func certificates(_ *facts.Snapshot, w webhook) string {
	return inNamespace(w, "get secrets --field-selector type=kubernetes.io/tls")
}

func restart(s *facts.Snapshot, w webhook) string {
	if w.client.Service == nil {
		return ""
	}
	return inNamespace(w, "rollout restart "+workloadOf(s, stake{namespace: w.client.Service.Namespace, selector: selectorOf(s, w)}))
}

func firewall(s *facts.Snapshot, _ webhook) string {
	return fmt.Sprintf("gcloud compute firewall-rules list --filter 'name~gke-%s-[0-9a-z]*-master'", cmp.Or(s.Meta.Cluster.Name, "CLUSTER"))
}

func edit(_ *facts.Snapshot, w webhook) string {
	return fmt.Sprintf("kubectl edit %s %s", w.resource(), w.config)
}

// bundle shows the CA that the webhook trusts.
func bundle(_ *facts.Snapshot, w webhook) string {
	return fmt.Sprintf(`kubectl get %s %s --output jsonpath='{.webhooks[?(@.name=="%s")].clientConfig.caBundle}' | base64 --decode | openssl x509 -noout -subject -enddate`, w.resource(), w.config, w.name)
}

// served shows the certificate that the backend serves.
func served(_ *facts.Snapshot, w webhook) string {
	show := "</dev/null | openssl x509 -noout -issuer -enddate -ext subjectAltName"
	if w.client.Service == nil {
		return fmt.Sprintf("openssl s_client -connect %s -servername %s %s", quoted(w.hostPort()), quoted(w.serverName()), show)
	}
	return inNamespace(w, fmt.Sprintf("port-forward service/%s 8443:%d &\nopenssl s_client -connect localhost:8443 -servername %s %s", w.client.Service.Name, w.port(), w.serverName(), show))
}

// selecting is the selector of w's Service as a flag; empty for none.
func selecting(s *facts.Snapshot, w webhook) string {
	if sel := selectorOf(s, w); len(sel) > 0 {
		return " --selector " + labels.FormatLabels(sel)
	}
	return " --selector app=NAME"
}

func selectorOf(s *facts.Snapshot, w webhook) map[string]string {
	services, _ := facts.Services.Get(s)
	for _, v := range services {
		if v.Namespace+"/"+v.Name == w.service() {
			return v.Selector
		}
	}
	return nil
}
