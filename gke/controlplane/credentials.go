package controlplane

import (
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// ConfigFor returns the access of a user with those groups to one API server,
// by a client certificate and without a rate limit. The user has no rights but
// those of its name and groups.
func (c *Cluster) ConfigFor(r *Replica, user string, groups ...string) (*rest.Config, error) {
	pair, err := c.ClientCA.Issue(Certificate{User: user, Groups: groups})
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            r.URL(),
		QPS:             -1,
		WarningHandler:  rest.NoWarnings{},
		TLSClientConfig: rest.TLSClientConfig{CAData: c.ServerCA.PEM, CertData: pair.Cert, KeyData: pair.Key},
	}, nil
}

// WriteKubeconfig stores cfg as a kubeconfig file with one context, named as
// [Options] says.
func (c *Cluster) WriteKubeconfig(file string, cfg *rest.Config) error {
	k := clientcmdapi.NewConfig()
	name := c.options.Context
	k.Clusters[name] = &clientcmdapi.Cluster{Server: cfg.Host, CertificateAuthorityData: cfg.CAData}
	k.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificateData: cfg.CertData, ClientKeyData: cfg.KeyData}
	k.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	k.CurrentContext = name
	return clientcmd.WriteToFile(*k, file)
}

func (c *Cluster) administrator(r *Replica) (*rest.Config, kubernetes.Interface, string, error) {
	cfg, err := c.ConfigFor(r, "admin", "system:masters")
	if err != nil {
		return nil, nil, "", err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, nil, "", err
	}
	file := c.File("kubeconfig")
	return cfg, client, file, c.WriteKubeconfig(file, cfg)
}
