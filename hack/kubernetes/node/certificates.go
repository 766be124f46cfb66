//go:build linux

package node

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os"
	"strconv"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

// validity of a cluster's certificates: it lives for a day at most.
const validity = 30 * 24 * time.Hour

// authority issues a cluster's certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// identity is a component as the API server knows it.
type identity struct {
	file, user, group string
}

// identities are those that the components' default roles are bound to.
var identities = []identity{
	{"admin", "admin", "system:masters"},
	{"kube-controller-manager", "system:kube-controller-manager", ""},
	{"kube-scheduler", "system:kube-scheduler", ""},
	{"kube-proxy", "system:kube-proxy", ""},
	{"kubelet", "system:node:" + nodeName, "system:nodes"},
}

// writeCertificates makes a certificate authority, what the API server needs and a kubeconfig for each component.
func (c Cluster) writeCertificates() error {
	key, err := newKey()
	if err != nil {
		return err
	}
	certificate, err := cert.NewSelfSignedCACert(cert.Config{CommonName: "kubernetes"}, key)
	if err != nil {
		return fmt.Errorf("make the certificate authority: %w", err)
	}
	ca := authority{certificate, key}
	if err := c.writeKeyPair("ca", pem(certificate), key); err != nil {
		return err
	}
	if err := c.writeServiceAccountKey(); err != nil {
		return err
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + clusterDomain}
	addresses := []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP(nodeAddress), net.ParseIP(apiAddress)}
	for _, subject := range []struct {
		identity
		usage     x509.ExtKeyUsage
		names     []string
		addresses []net.IP
	}{
		{identity{"kube-apiserver", "kube-apiserver", ""}, x509.ExtKeyUsageServerAuth, names, addresses},
		{identity{"kubelet-client", "kube-apiserver", "system:masters"}, x509.ExtKeyUsageClientAuth, nil, nil},
	} {
		certificate, key, err := ca.issue(subject.identity, subject.usage, subject.names, subject.addresses)
		if err != nil {
			return err
		}
		if err := c.writeKeyPair(subject.file, certificate, key); err != nil {
			return err
		}
	}
	for _, identity := range identities {
		if err := c.writeKubeconfig(ca, identity); err != nil {
			return err
		}
	}
	return nil
}

func (a authority) issue(subject identity, usage x509.ExtKeyUsage, names []string, addresses []net.IP) ([]byte, crypto.Signer, error) {
	key, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: subject.user},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
		DNSNames:     names,
		IPAddresses:  addresses,
	}
	if subject.group != "" {
		template.Subject.Organization = []string{subject.group}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("issue the certificate of %s: %w", subject.user, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	return pem(certificate), key, nil
}

func (c Cluster) writeKubeconfig(ca authority, identity identity) error {
	certificate, key, err := ca.issue(identity, x509.ExtKeyUsageClientAuth, nil, nil)
	if err != nil {
		return err
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["cluster"] = &clientcmdapi.Cluster{
		Server:                   "https://" + net.JoinHostPort(nodeAddress, strconv.Itoa(apiPort)),
		CertificateAuthorityData: pem(ca.certificate),
	}
	config.AuthInfos[identity.file] = &clientcmdapi.AuthInfo{ClientCertificateData: certificate, ClientKeyData: keyPEM}
	config.Contexts["cluster"] = &clientcmdapi.Context{Cluster: "cluster", AuthInfo: identity.file}
	config.CurrentContext = "cluster"
	return clientcmd.WriteToFile(*config, c.path("pki", identity.file+".kubeconfig"))
}

// writeServiceAccountKey makes the key that signs the tokens of pods. The API server wants RSA or ECDSA.
func (c Cluster) writeServiceAccountKey() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	content, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("pki", "service-account.key"), content, 0o600)
}

func (c Cluster) writeKeyPair(name string, certificate []byte, key crypto.Signer) error {
	content, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path("pki", name+".crt"), certificate, 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.path("pki", name+".key"), content, 0o600)
}

func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func pem(certificate *x509.Certificate) []byte {
	content, err := cert.EncodeCertificates(certificate)
	if err != nil {
		panic(err) // it can't fail to write to memory
	}
	return content
}
