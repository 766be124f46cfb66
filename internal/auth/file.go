package auth

const fileMACBytes = 32

// SignFile returns what proves that a link to a file is ours: text is the link's path and times.
func (k *Keys) SignFile(text string) string { return mac(k.file[0], text, fileMACBytes) }

// VerifyFile reports whether the proof is one that SignFile made for the text.
func (k *Keys) VerifyFile(text, proof string) bool {
	return verifyMAC(k.file, text, proof, fileMACBytes)
}
