<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>AccountChooser</name>
    <message>
        <source>Choose an account</source>
        <translation>Choisir un compte</translation>
    </message>
    <message>
        <source>Switch account</source>
        <translation>Changer de compte</translation>
    </message>
    <message>
        <source>Accounts</source>
        <translation>Comptes</translation>
    </message>
    <message>
        <source>Decisions of each account stay in a folder of its own.</source>
        <translation>Les décisions de chaque compte restent dans un dossier à part.</translation>
    </message>
    <message>
        <source>open now</source>
        <translation>ouvert</translation>
    </message>
    <message>
        <source>Another account…</source>
        <translation>Autre compte…</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Ouvrir</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Asking the keyring…</source>
        <translation>Interrogation du trousseau…</translation>
    </message>
</context>
<context>
    <name>AccountDialog</name>
    <message>
        <source>The secret goes into this system&apos;s keyring and into no file.</source>
        <translation>Le secret va dans le trousseau de ce système et dans aucun fichier.</translation>
    </message>
    <message>
        <source>No keyring works here, so the secret is kept for this run only: next time, paste the address again or set CLOUDINARY_URL. It is never written into a file.</source>
        <translation>Aucun trousseau ne fonctionne ici, le secret n’est gardé que pour cette fois : la prochaine fois, recoller l’adresse ou définir CLOUDINARY_URL. Il n’est jamais écrit dans un fichier.</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>Compte</translation>
    </message>
    <message>
        <source>Paste the CLOUDINARY_URL of the account whose images you review. You find it in the console under API Keys; “modstation serve” prints it at its start.</source>
        <translation>Coller la CLOUDINARY_URL du compte dont les images sont à modérer. Elle se trouve dans la console sous « API Keys » ; « modstation serve » l’affiche au démarrage.</translation>
    </message>
    <message>
        <source>Looking for a keyring…</source>
        <translation>Recherche d’un trousseau…</translation>
    </message>
    <message>
        <source>Accounts on this machine</source>
        <translation>Comptes sur cette machine</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Ouvrir</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Afficher</translation>
    </message>
    <message>
        <source>&amp;Address</source>
        <translation>&amp;Adresse</translation>
    </message>
    <message>
        <source>Address of the account</source>
        <translation>Adresse du compte</translation>
    </message>
    <message>
        <source>as the cloud is called</source>
        <translation>comme le nom du cloud</translation>
    </message>
    <message>
        <source>Name of the account here</source>
        <translation>Nom du compte ici</translation>
    </message>
    <message>
        <source>&amp;Name here</source>
        <translation>&amp;Nom ici</translation>
    </message>
    <message>
        <source>&amp;Test connection</source>
        <translation>&amp;Tester la connexion</translation>
    </message>
    <message>
        <source>&amp;Save and open</source>
        <translation>Enregi&amp;strer et ouvrir</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Asking the service…</source>
        <translation>Interrogation du service…</translation>
    </message>
    <message>
        <source>The service answers and accepts the key.</source>
        <translation>Le service répond et accepte la clé.</translation>
    </message>
    <message>
        <source>Keeping the account…</source>
        <translation>Enregistrement du compte…</translation>
    </message>
    <message>
        <source>Asking the keyring…</source>
        <translation>Interrogation du trousseau…</translation>
    </message>
</context>
<context>
    <name>Accounts</name>
    <message>
        <source>none yet</source>
        <translation>aucun pour l’instant</translation>
    </message>
    <message>
        <source>There is no account “{name}”. There are: {there}.</source>
        <translation>Il n’y a pas de compte « {name} ». Il y a : {there}.</translation>
    </message>
    <message>
        <source>“{name}” is already the name of cloud {cloud} at {api_base}. Choose another name.</source>
        <translation>« {name} » est déjà le nom du cloud {cloud} chez {api_base}. Choisir un autre nom.</translation>
    </message>
    <message>
        <source>The secret of “{name}” is not in the keyring. Add the account again, or set {variable} to its address.</source>
        <translation>Le secret de « {name} » n’est pas dans le trousseau. Ajouter le compte à nouveau, ou mettre son adresse dans {variable}.</translation>
    </message>
    <message>
        <source>There are several accounts: {names}. Name one with --account.</source>
        <translation>Il y a plusieurs comptes : {names}. En nommer un avec --account.</translation>
    </message>
    <message>
        <source>There are decisions for {cloud} in {path}, and “{name}” has a folder of its own. Choose another name, so that none are left behind.</source>
        <translation>Il y a des décisions pour {cloud} dans {path}, et « {name} » a un dossier à lui. Choisir un autre nom pour n’en laisser aucune.</translation>
    </message>
    <message>
        <source>A station is at work on {cloud}. Close it, then add the account.</source>
        <translation>Une station travaille sur {cloud}. La fermer, puis ajouter le compte.</translation>
    </message>
    <message>
        <source>{path} cannot become the folder of “{name}”: {why}.</source>
        <translation>{path} ne peut pas devenir le dossier de « {name} » : {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be read: {error}.</source>
        <translation>{path} est illisible : {error}.</translation>
    </message>
    <message>
        <source>{path} is not a list of accounts: {error}.</source>
        <translation>{path} n’est pas une liste de comptes : {error}.</translation>
    </message>
    <message>
        <source>“{name}” cannot be an account name: use letters, digits, dot, dash and underscore.</source>
        <translation>« {name} » ne peut pas nommer un compte : lettres, chiffres, point, tiret et tiret bas seulement.</translation>
    </message>
    <message>
        <source>The address must begin with cloudinary://</source>
        <translation>L’adresse doit commencer par cloudinary://</translation>
    </message>
    <message>
        <source>The address must read cloudinary://key:secret@cloud</source>
        <translation>L’adresse doit s’écrire cloudinary://key:secret@cloud</translation>
    </message>
    <message>
        <source>The address must hold a key and a secret: cloudinary://key:secret@cloud</source>
        <translation>L’adresse doit contenir une clé et un secret : cloudinary://key:secret@cloud</translation>
    </message>
    <message>
        <source>upload_prefix must be an http or https address, not “{base}”.</source>
        <translation>upload_prefix doit être une adresse http ou https, pas « {base} ».</translation>
    </message>
    <message>
        <source>{hostname} is reached over plain http, which shows the secret to everyone on the way. Use https, or add allow_http=true to the address if you know the network.</source>
        <translation>{hostname} est joint en http simple, qui montre le secret à tous en chemin. Utiliser https, ou ajouter allow_http=true à l’adresse si le réseau est connu.</translation>
    </message>
</context>
<context>
    <name>Acknowledgement</name>
    <message>
        <source>The answer does not say how the image stands.</source>
        <translation>La réponse ne dit pas où en est l’image.</translation>
    </message>
    <message>
        <source>The answer names the status {status}, not {target}.</source>
        <translation>La réponse donne l’état « {status} », pas « {target} ».</translation>
    </message>
    <message>
        <source>The answer speaks of another image ({name}).</source>
        <translation>La réponse parle d’une autre image ({name}).</translation>
    </message>
    <message>
        <source>The answer speaks of another image (asset_id).</source>
        <translation>La réponse parle d’une autre image (asset_id).</translation>
    </message>
    <message>
        <source>The answer does not say which image it speaks of.</source>
        <translation>La réponse ne dit pas de quelle image elle parle.</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>Everything is covered; {key} goes on.</source>
        <translation>Tout est masqué ; {key} continue.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La politique n’a pas de motif sur {digit}.</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>Il n’y a pas d’image à décider.</translation>
    </message>
    <message>
        <source>Every reason of the policy has a key.</source>
        <translation>Chaque motif de la politique a une touche.</translation>
    </message>
    <message>
        <source>Hold {key} to look.</source>
        <translation>Tenir {key} pour regarder.</translation>
    </message>
    <message>
        <source>Cover strength {strength} of 10.</source>
        <translation>Force du masque : {strength} sur 10.</translation>
    </message>
    <message>
        <source>Images are shown without colour.</source>
        <translation>Les images sont affichées sans couleur.</translation>
    </message>
    <message>
        <source>Images are shown in colour.</source>
        <translation>Les images sont affichées en couleur.</translation>
    </message>
    <message>
        <source>Offline by choice: only this machine was asked. {key} goes back online.</source>
        <translation>Hors ligne par choix : seule cette machine a été interrogée. {key} remet en ligne.</translation>
    </message>
    <message>
        <source>Asking the service for new images.</source>
        <translation>Demande de nouvelles images au service.</translation>
    </message>
    <message>
        <source>Offline: nothing is fetched or posted. What is on this machine stays here.</source>
        <translation>Hors ligne : rien n’est chargé ni envoyé. Ce qui est sur cette machine y reste.</translation>
    </message>
    <message>
        <source>Going back online.</source>
        <translation>Retour en ligne.</translation>
    </message>
</context>
<context>
    <name>Addresses</name>
    <message>
        <source>“{address}” is not the address of a service.</source>
        <translation>« {address} » n’est pas l’adresse d’un service.</translation>
    </message>
    <message>
        <source>The service&apos;s address must not contain a user name.</source>
        <translation>L’adresse du service ne doit pas contenir de nom d’utilisateur.</translation>
    </message>
    <message>
        <source>{host} would get the secret over plain http.</source>
        <translation>{host} recevrait le secret en http non chiffré.</translation>
    </message>
    <message>
        <source>“{kind}” is not a moderation kind.</source>
        <translation>« {kind} » n’est pas un type de modération.</translation>
    </message>
    <message>
        <source>“{image}” cannot be addressed.</source>
        <translation>« {image} » ne peut pas être adressé.</translation>
    </message>
    <message>
        <source>The public ID is not valid text, so it cannot be addressed.</source>
        <translation>L’identifiant public n’est pas un texte valide et ne peut pas être adressé.</translation>
    </message>
    <message>
        <source>That is not an asset ID.</source>
        <translation>Ce n’est pas un identifiant d’asset.</translation>
    </message>
    <message>
        <source>The public ID cannot be addressed safely.</source>
        <translation>L’identifiant public ne peut pas être adressé en sécurité.</translation>
    </message>
    <message>
        <source>The picture&apos;s address cannot be read.</source>
        <translation>L’adresse de l’image est illisible.</translation>
    </message>
    <message>
        <source>The picture&apos;s address is not a plain address.</source>
        <translation>L’adresse de l’image n’est pas une adresse simple.</translation>
    </message>
    <message>
        <source>The picture would be fetched over plain http from {host}.</source>
        <translation>L’image serait récupérée en http non chiffré depuis {host}.</translation>
    </message>
</context>
<context>
    <name>Application</name>
    <message>
        <source>modstation has a fault</source>
        <translation>modstation a une erreur</translation>
    </message>
    <message>
        <source>Something happened that should not. Everything you decided is on the disk and will be posted after the next start.

A report without any secret is in
{path}</source>
        <translation>Il s’est passé quelque chose qui ne devrait pas. Tout ce qui a été décidé est sur le disque et sera envoyé après le prochain démarrage.

Un rapport sans aucun secret se trouve dans
{path}</translation>
    </message>
</context>
<context>
    <name>Assets</name>
    <message>
        <source>queued</source>
        <translation>en file</translation>
    </message>
    <message>
        <source>pending</source>
        <translation>en attente</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>approuvée</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rejetée</translation>
    </message>
    <message>
        <source>aborted</source>
        <translation>abandonnée</translation>
    </message>
    <message>
        <source>overridden</source>
        <translation>annulée</translation>
    </message>
    <message>
        <source>an earlier moderation</source>
        <translation>une modération précédente</translation>
    </message>
    <message>
        <source>Aborted: {by} rejected this image, so its turn here never came.</source>
        <translation>Abandonnée : {by} a rejeté cette image, son tour n’est donc jamais venu ici.</translation>
    </message>
    <message>
        <source>Queued: this image still waits for {by}; it cannot be decided yet.</source>
        <translation>En file : cette image attend encore {by} ; elle ne peut pas être décidée.</translation>
    </message>
</context>
<context>
    <name>Batch</name>
    <message>
        <source>The answer holds no results.</source>
        <translation>La réponse ne contient aucun résultat.</translation>
    </message>
    <message>
        <source>The answer speaks twice about this decision.</source>
        <translation>La réponse parle deux fois de cette décision.</translation>
    </message>
    <message>
        <source>The answer says nothing about this decision.</source>
        <translation>La réponse ne dit rien de cette décision.</translation>
    </message>
    <message>
        <source>The service has no such image.</source>
        <translation>Le service n’a pas cette image.</translation>
    </message>
    <message>
        <source>The answer names no status.</source>
        <translation>La réponse ne donne aucun état.</translation>
    </message>
    <message>
        <source>The answer contradicts itself.</source>
        <translation>La réponse se contredit.</translation>
    </message>
</context>
<context>
    <name>Buttons</name>
    <message>
        <source>{label}, key {key}</source>
        <translation>{label}, touche {key}</translation>
    </message>
</context>
<context>
    <name>ChainStrip</name>
    <message>
        <source>approved</source>
        <translation>approuvée</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rejetée</translation>
    </message>
    <message>
        <source>pending</source>
        <translation>en attente</translation>
    </message>
    <message>
        <source>queued</source>
        <translation>en file</translation>
    </message>
    <message>
        <source>aborted</source>
        <translation>abandonnée</translation>
    </message>
    <message>
        <source>overridden</source>
        <translation>annulée</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>caché</translation>
    </message>
    <message>
        <source>Moderation chain</source>
        <translation>Chaîne de modération</translation>
    </message>
    <message>
        <source>, then </source>
        <translation>, puis </translation>
    </message>
</context>
<context>
    <name>Claims</name>
    <message>
        <source>The answer does not say which images were leased.</source>
        <translation>La réponse ne dit pas quelles images ont été réservées.</translation>
    </message>
</context>
<context>
    <name>Client</name>
    <message>
        <source>The image was deleted.</source>
        <translation>L’image a été supprimée.</translation>
    </message>
    <message>
        <source>The answer does not say how the image stands.</source>
        <translation>La réponse ne dit pas où en est l’image.</translation>
    </message>
    <message>
        <source>The public ID cannot be addressed safely, and there is no asset ID.</source>
        <translation>L’identifiant public ne peut pas être adressé sûrement, et il n’y a pas d’identifiant d’asset.</translation>
    </message>
    <message>
        <source>The image has more than {limit_bytes} bytes.</source>
        <translation>L’image a plus de {limit_bytes} octets.</translation>
    </message>
    <message>
        <source>The service delivers a substitute: {error_text}</source>
        <translation>Le service livre un substitut : {error_text}</translation>
    </message>
    <message>
        <source>The picture&apos;s address cannot be read.</source>
        <translation>L’adresse de l’image est illisible.</translation>
    </message>
</context>
<context>
    <name>ClosingDialog</name>
    <message>
        <source>They are stored on this machine and are posted after the next start.</source>
        <translation>Elles sont gardées sur cette machine et envoyées après le prochain démarrage.</translation>
    </message>
    <message>
        <source>Close the station</source>
        <translation>Fermer la station</translation>
    </message>
    <message>
        <source>{n} decision is not posted yet|{n} decisions are not posted yet</source>
        <translation>{n} décision n’est pas encore envoyée|{n} décisions ne sont pas encore envoyées</translation>
    </message>
    <message>
        <source>Decisions posted</source>
        <translation>Décisions envoyées</translation>
    </message>
    <message>
        <source>&amp;Post now and close</source>
        <translation>&amp;Envoyer et fermer</translation>
    </message>
    <message>
        <source>&amp;Keep for next time</source>
        <translation>&amp;Garder pour plus tard</translation>
    </message>
    <message>
        <source>&amp;Stay</source>
        <translation>&amp;Rester</translation>
    </message>
    <message>
        <source>What you keep is not lost. {safe}</source>
        <translation>Ce qui est gardé n’est pas perdu. {safe}</translation>
    </message>
    <message>
        <source>Nothing can be posted now ({state}). {safe}</source>
        <translation>Rien ne peut être envoyé maintenant ({state}). {safe}</translation>
    </message>
    <message>
        <source>&amp;Close without waiting</source>
        <translation>&amp;Fermer sans attendre</translation>
    </message>
    <message>
        <source>Posting…</source>
        <translation>Envoi…</translation>
    </message>
    <message>
        <source>The service takes nothing now; {n} decision is left. {safe}|The service takes nothing now; {n} decisions are left. {safe}</source>
        <translation>Le service ne prend rien maintenant ; il reste {n} décision. {safe}|Le service ne prend rien maintenant ; il reste {n} décisions. {safe}</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Commands</source>
        <translation>Commandes</translation>
    </message>
    <message>
        <source>Type what you want to do, or a key</source>
        <translation>Écrire ce qu’il faut faire, ou une touche</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Commande</translation>
    </message>
    <message>
        <source>No command is called that.</source>
        <translation>Aucune commande ne s’appelle ainsi.</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>Approve</source>
        <translation>Approuver</translation>
    </message>
    <message>
        <source>Approve the image and show the next.</source>
        <translation>Approuver l’image et afficher la suivante.</translation>
    </message>
    <message>
        <source>Reject</source>
        <translation>Rejeter</translation>
    </message>
    <message>
        <source>Reject the image and show the next.</source>
        <translation>Rejeter l’image et afficher la suivante.</translation>
    </message>
    <message>
        <source>Reason {value}</source>
        <translation>Motif {value}</translation>
    </message>
    <message>
        <source>Reject with the reason on key {value}.</source>
        <translation>Rejeter avec le motif de la touche {value}.</translation>
    </message>
    <message>
        <source>More reasons…</source>
        <translation>Plus de motifs…</translation>
    </message>
    <message>
        <source>Reject with a reason that has no digit; what must be escalated is asked for twice.</source>
        <translation>Rejeter avec un motif sans chiffre ; ce qui doit être escaladé est demandé deux fois.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Take the last decision back, or offer to reverse it.</source>
        <translation>Reprendre la dernière décision, ou proposer de l’inverser.</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Rétablir</translation>
    </message>
    <message>
        <source>Make the decision again that was just undone.</source>
        <translation>Reprendre la décision qui vient d’être annulée.</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>Passer</translation>
    </message>
    <message>
        <source>Put the image at the back of the queue.</source>
        <translation>Mettre l’image à la fin de la file.</translation>
    </message>
    <message>
        <source>Flag</source>
        <translation>Signaler</translation>
    </message>
    <message>
        <source>Bookmark the image, with the note if there is one.</source>
        <translation>Mettre un signet sur l’image, avec la note s’il y en a une.</translation>
    </message>
    <message>
        <source>Escalate</source>
        <translation>Escalader</translation>
    </message>
    <message>
        <source>Leave the image to somebody else, with a note; it stays pending.</source>
        <translation>Laisser l’image à quelqu’un d’autre, avec une note ; elle reste en attente.</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Suivante</translation>
    </message>
    <message>
        <source>Look at the next image without deciding.</source>
        <translation>Regarder l’image suivante sans décider.</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Retour</translation>
    </message>
    <message>
        <source>Look at the image before.</source>
        <translation>Regarder l’image d’avant.</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Grille</translation>
    </message>
    <message>
        <source>Show many images on one sheet; again to go back to one.</source>
        <translation>Afficher beaucoup d’images sur une planche ; encore pour revenir à une seule.</translation>
    </message>
    <message>
        <source>Mark</source>
        <translation>Cocher</translation>
    </message>
    <message>
        <source>Mark the tile, or take its mark away.</source>
        <translation>Cocher la vignette, ou la décocher.</translation>
    </message>
    <message>
        <source>Mark all</source>
        <translation>Tout cocher</translation>
    </message>
    <message>
        <source>Mark every tile on the screen, or none of them.</source>
        <translation>Cocher toutes les vignettes à l’écran, ou aucune.</translation>
    </message>
    <message>
        <source>Extend back</source>
        <translation>Étendre avant</translation>
    </message>
    <message>
        <source>Mark the tiles one goes back to.</source>
        <translation>Cocher les vignettes en reculant.</translation>
    </message>
    <message>
        <source>Extend</source>
        <translation>Étendre</translation>
    </message>
    <message>
        <source>Mark the tiles one goes on to.</source>
        <translation>Cocher les vignettes en avançant.</translation>
    </message>
    <message>
        <source>Page back</source>
        <translation>Page avant</translation>
    </message>
    <message>
        <source>Go one screen of tiles back.</source>
        <translation>Reculer d’un écran de vignettes.</translation>
    </message>
    <message>
        <source>Page on</source>
        <translation>Page après</translation>
    </message>
    <message>
        <source>Go one screen of tiles on.</source>
        <translation>Avancer d’un écran de vignettes.</translation>
    </message>
    <message>
        <source>Approve marked</source>
        <translation>Approuver cochées</translation>
    </message>
    <message>
        <source>Approve the marked tiles.</source>
        <translation>Approuver les vignettes cochées.</translation>
    </message>
    <message>
        <source>Reject marked</source>
        <translation>Rejeter cochées</translation>
    </message>
    <message>
        <source>Reject the marked tiles.</source>
        <translation>Rejeter les vignettes cochées.</translation>
    </message>
    <message>
        <source>Settle screen</source>
        <translation>Régler l’écran</translation>
    </message>
    <message>
        <source>Reject the marked tiles and approve the rest that is on the screen; again to confirm.</source>
        <translation>Rejeter les cochées et approuver le reste à l’écran ; encore pour confirmer.</translation>
    </message>
    <message>
        <source>Peek</source>
        <translation>Entrevoir</translation>
    </message>
    <message>
        <source>Uncover the image while the key is held.</source>
        <translation>Découvrir l’image tant que la touche est tenue.</translation>
    </message>
    <message>
        <source>Reveal</source>
        <translation>Découvrir</translation>
    </message>
    <message>
        <source>Uncover this image; again to cover it.</source>
        <translation>Découvrir cette image ; encore pour la masquer.</translation>
    </message>
    <message>
        <source>Blur more</source>
        <translation>Plus flou</translation>
    </message>
    <message>
        <source>Make the cover stronger.</source>
        <translation>Renforcer le masque.</translation>
    </message>
    <message>
        <source>Blur less</source>
        <translation>Moins flou</translation>
    </message>
    <message>
        <source>Make the cover weaker.</source>
        <translation>Alléger le masque.</translation>
    </message>
    <message>
        <source>Greyscale</source>
        <translation>Gris</translation>
    </message>
    <message>
        <source>Show images without colour.</source>
        <translation>Afficher les images sans couleur.</translation>
    </message>
    <message>
        <source>Cover all</source>
        <translation>Tout masquer</translation>
    </message>
    <message>
        <source>Cover every image at once; again to go on.</source>
        <translation>Masquer toutes les images d’un coup ; encore pour continuer.</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Agrandir</translation>
    </message>
    <message>
        <source>Enlarge the image.</source>
        <translation>Agrandir l’image.</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Réduire</translation>
    </message>
    <message>
        <source>Make the image smaller.</source>
        <translation>Réduire l’image.</translation>
    </message>
    <message>
        <source>Fit / 100 %</source>
        <translation>Entière / 100 %</translation>
    </message>
    <message>
        <source>Switch between whole image and 100 %.</source>
        <translation>Passer de l’image entière à 100 %.</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Entière</translation>
    </message>
    <message>
        <source>Show the whole image.</source>
        <translation>Afficher l’image entière.</translation>
    </message>
    <message>
        <source>100 %</source>
        <translation>100 %</translation>
    </message>
    <message>
        <source>Show every pixel of the image.</source>
        <translation>Afficher chaque pixel de l’image.</translation>
    </message>
    <message>
        <source>Rotate left</source>
        <translation>Tourner à gauche</translation>
    </message>
    <message>
        <source>Turn the image to the left.</source>
        <translation>Tourner l’image vers la gauche.</translation>
    </message>
    <message>
        <source>Rotate right</source>
        <translation>Tourner à droite</translation>
    </message>
    <message>
        <source>Turn the image to the right.</source>
        <translation>Tourner l’image vers la droite.</translation>
    </message>
    <message>
        <source>Keep zoom</source>
        <translation>Garder le zoom</translation>
    </message>
    <message>
        <source>Keep zoom and place when the next image comes; again to begin each image whole.</source>
        <translation>Garder zoom et place à l’image suivante ; encore pour commencer chaque image entière.</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>Fetch the original of the image, and show every pixel of it.</source>
        <translation>Charger l’original de l’image et en afficher chaque pixel.</translation>
    </message>
    <message>
        <source>Brighten</source>
        <translation>Éclaircir</translation>
    </message>
    <message>
        <source>Brighten the shadows of the image, or not.</source>
        <translation>Éclaircir les ombres de l’image, ou non.</translation>
    </message>
    <message>
        <source>Next frame</source>
        <translation>Vue suivante</translation>
    </message>
    <message>
        <source>Show the next frame or page of the image.</source>
        <translation>Afficher la vue ou la page suivante de l’image.</translation>
    </message>
    <message>
        <source>Frame back</source>
        <translation>Vue d’avant</translation>
    </message>
    <message>
        <source>Show the frame or page before.</source>
        <translation>Afficher la vue ou la page d’avant.</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Lire</translation>
    </message>
    <message>
        <source>Play the frames of the image, or pause.</source>
        <translation>Lire les vues de l’image, ou faire une pause.</translation>
    </message>
    <message>
        <source>Alike</source>
        <translation>Semblables</translation>
    </message>
    <message>
        <source>Show the images that are nearly the same, and decide them in one act.</source>
        <translation>Afficher les images presque identiques et les décider d’un geste.</translation>
    </message>
    <message>
        <source>Information</source>
        <translation>Information</translation>
    </message>
    <message>
        <source>Show or hide the evidence panel.</source>
        <translation>Afficher ou cacher le panneau des preuves.</translation>
    </message>
    <message>
        <source>Machine verdict</source>
        <translation>Avis machine</translation>
    </message>
    <message>
        <source>Hide what machines found until you decide, or show it.</source>
        <translation>Cacher ce que les machines ont trouvé jusqu’à la décision, ou l’afficher.</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Politique</translation>
    </message>
    <message>
        <source>Show the rules behind the reasons.</source>
        <translation>Afficher les règles derrière les motifs.</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Note</translation>
    </message>
    <message>
        <source>Write a note that goes with the decision.</source>
        <translation>Écrire une note qui accompagne la décision.</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Commandes</translation>
    </message>
    <message>
        <source>Find any command by its name, its sentence or key.</source>
        <translation>Trouver une commande par son nom, sa phrase ou sa touche.</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historique</translation>
    </message>
    <message>
        <source>Show your last decisions: look, change, take one back, or reverse what is posted.</source>
        <translation>Afficher les dernières décisions : regarder, changer, reprendre, ou inverser ce qui est envoyé.</translation>
    </message>
    <message>
        <source>Queues…</source>
        <translation>Files…</translation>
    </message>
    <message>
        <source>Choose what to review: what waits, what is approved, what is rejected, by kind.</source>
        <translation>Choisir quoi modérer : ce qui attend, est approuvé ou rejeté, par type.</translation>
    </message>
    <message>
        <source>Lists…</source>
        <translation>Listes…</translation>
    </message>
    <message>
        <source>Show what was skipped, flagged or escalated.</source>
        <translation>Afficher ce qui a été passé, signalé ou escaladé.</translation>
    </message>
    <message>
        <source>Filter…</source>
        <translation>Filtre…</translation>
    </message>
    <message>
        <source>Review only what fits these words.</source>
        <translation>Ne modérer que ce qui répond à ces mots.</translation>
    </message>
    <message>
        <source>Rescue</source>
        <translation>Sauver</translation>
    </message>
    <message>
        <source>Show only what was rejected for its form, to approve it after all; again to go back.</source>
        <translation>Ne montrer que ce qui a été rejeté pour sa forme, pour l’approuver après tout ; encore pour revenir.</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>Tout afficher</translation>
    </message>
    <message>
        <source>Review everything again.</source>
        <translation>Modérer tout de nouveau.</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>Ordre</translation>
    </message>
    <message>
        <source>Take the next order of the queue.</source>
        <translation>Prendre l’ordre suivant de la file.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Touches</translation>
    </message>
    <message>
        <source>Show every key.</source>
        <translation>Afficher toutes les touches.</translation>
    </message>
    <message>
        <source>Change keys…</source>
        <translation>Changer les touches…</translation>
    </message>
    <message>
        <source>Choose a keymap, or give commands keys of your own.</source>
        <translation>Choisir un clavier, ou donner ses propres touches aux commandes.</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Aide</translation>
    </message>
    <message>
        <source>Show the manual.</source>
        <translation>Afficher le manuel.</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>Visite</translation>
    </message>
    <message>
        <source>Show the first steps again.</source>
        <translation>Revoir les premiers pas.</translation>
    </message>
    <message>
        <source>Post now</source>
        <translation>Envoyer</translation>
    </message>
    <message>
        <source>Post the decisions still held for undo.</source>
        <translation>Envoyer les décisions encore retenues.</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>Actualiser</translation>
    </message>
    <message>
        <source>Ask the service for new images now.</source>
        <translation>Demander maintenant de nouvelles images au service.</translation>
    </message>
    <message>
        <source>Go offline</source>
        <translation>Hors ligne</translation>
    </message>
    <message>
        <source>Use no network, and go on with what is on this machine; again to go back online.</source>
        <translation>Ne pas utiliser le réseau et continuer avec ce qui est ici ; encore pour revenir en ligne.</translation>
    </message>
    <message>
        <source>Take along…</source>
        <translation>Emporter…</translation>
    </message>
    <message>
        <source>Fetch a number of images to work offline with, and sum up afterwards.</source>
        <translation>Charger des images pour travailler hors ligne, puis faire le bilan.</translation>
    </message>
    <message>
        <source>Account…</source>
        <translation>Compte…</translation>
    </message>
    <message>
        <source>Choose or add an account.</source>
        <translation>Choisir ou ajouter un compte.</translation>
    </message>
    <message>
        <source>Switch account…</source>
        <translation>Changer de compte…</translation>
    </message>
    <message>
        <source>Review another account of this machine.</source>
        <translation>Modérer un autre compte de cette machine.</translation>
    </message>
    <message>
        <source>Outbox…</source>
        <translation>Envois…</translation>
    </message>
    <message>
        <source>Show what waits, is stuck or in conflict.</source>
        <translation>Afficher ce qui attend, est bloqué ou en conflit.</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Réglages…</translation>
    </message>
    <message>
        <source>Change how the station looks and works.</source>
        <translation>Changer l’aspect et le travail de la station.</translation>
    </message>
    <message>
        <source>Session…</source>
        <translation>Séance…</translation>
    </message>
    <message>
        <source>Show how this session goes: pace, reasons, time; nobody else is told.</source>
        <translation>Montrer comment va cette séance : rythme, motifs, temps ; personne d’autre ne le sait.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Thème</translation>
    </message>
    <message>
        <source>Take the next theme: dark, light, in high contrast, the desktop&apos;s.</source>
        <translation>Passer au thème suivant : sombre, clair, à fort contraste, celui du bureau.</translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation>Texte plus grand</translation>
    </message>
    <message>
        <source>Make every text larger, up to twice the usual size.</source>
        <translation>Agrandir tous les textes, jusqu’au double de la taille habituelle.</translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation>Texte plus petit</translation>
    </message>
    <message>
        <source>Make every text smaller.</source>
        <translation>Réduire tous les textes.</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Plein écran</translation>
    </message>
    <message>
        <source>Use the whole screen for one image.</source>
        <translation>Utiliser tout l’écran pour une image.</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Quitter</translation>
    </message>
    <message>
        <source>Close the station; nothing that was decided is lost.</source>
        <translation>Fermer la station ; rien de décidé n’est perdu.</translation>
    </message>
</context>
<context>
    <name>ConflictView</name>
    <message>
        <source>Mine</source>
        <translation>La mienne</translation>
    </message>
    <message>
        <source>Theirs</source>
        <translation>L’autre</translation>
    </message>
    <message>
        <source>{name}: mine {mine}, theirs {theirs}</source>
        <translation>{name} : la mienne {mine}, l’autre {theirs}</translation>
    </message>
</context>
<context>
    <name>Connection</name>
    <message>
        <source>{path} cannot be opened: {why}.</source>
        <translation>{path} ne s’ouvre pas : {why}.</translation>
    </message>
    <message>
        <source>{path} is a database of another program.</source>
        <translation>{path} est la base de données d’un autre programme.</translation>
    </message>
    <message>
        <source>{path} was written by a newer modstation (schema {version}, this one knows {known}). Update modstation to open it.</source>
        <translation>{path} a été écrit par un modstation plus récent (schéma {version}, celui-ci connaît {known}). Mettre modstation à jour pour l’ouvrir.</translation>
    </message>
    <message>
        <source>Another program is using {path}.</source>
        <translation>Un autre programme utilise {path}.</translation>
    </message>
    <message>
        <source>The disk is full: {path} cannot grow.</source>
        <translation>Le disque est plein : {path} ne peut pas grandir.</translation>
    </message>
    <message>
        <source>{path} is damaged ({error}).</source>
        <translation>{path} est endommagé ({error}).</translation>
    </message>
    <message>
        <source>{path} cannot be opened for writing ({error}).</source>
        <translation>{path} ne s’ouvre pas en écriture ({error}).</translation>
    </message>
    <message>
        <source>The disk reported an error on {path} ({error}).</source>
        <translation>Le disque a signalé une erreur sur {path} ({error}).</translation>
    </message>
    <message>
        <source>The image cache was written by a newer modstation.</source>
        <translation>Le cache d’images a été écrit par un modstation plus récent.</translation>
    </message>
</context>
<context>
    <name>Covering</name>
    <message>
        <source>Your organisation asks for a cover of at least {blur}.</source>
        <translation>Votre organisation demande un masque d’au moins {blur}.</translation>
    </message>
    <message>
        <source>Your organisation asks for images without colour.</source>
        <translation>Votre organisation demande des images sans couleur.</translation>
    </message>
</context>
<context>
    <name>Deciding</name>
    <message>
        <source>Not decided: this image was not on the screen yet.</source>
        <translation>Non décidée : cette image n’était pas encore à l’écran.</translation>
    </message>
    <message>
        <source>The policy asks for a reason: press its digit.</source>
        <translation>La politique demande un motif : appuyer sur son chiffre.</translation>
    </message>
    <message>
        <source>An image that cannot be shown cannot be approved; reject or skip it.</source>
        <translation>Une image qui ne peut pas être affichée ne peut pas être approuvée ; la rejeter ou la passer.</translation>
    </message>
    <message>
        <source>Uncover the image first (hold Space, or V); rejecting needs no look.</source>
        <translation>Découvrir d’abord l’image (tenir Espace, ou V) ; rejeter ne demande pas de regard.</translation>
    </message>
    <message>
        <source>Not approved: the image was uncovered only for a moment.</source>
        <translation>Non approuvée : l’image n’a été découverte qu’un instant.</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>Il n’y a pas d’image à décider.</translation>
    </message>
    <message>
        <source>Posting {n} held decision now.|Posting {n} held decisions now.</source>
        <translation>Envoi de {n} décision retenue.|Envoi de {n} décisions retenues.</translation>
    </message>
    <message>
        <source>Nothing is held.</source>
        <translation>Rien n’est retenu.</translation>
    </message>
    <message>
        <source>Not posted yet. {title}: {message}</source>
        <translation>Pas encore envoyé. {title} : {message}</translation>
    </message>
    <message>
        <source>Not saved, the image is back. {title}: {message}|Not saved, {n} images are back. {title}: {message}</source>
        <translation>Non enregistré, l’image est revenue. {title} : {message}|Non enregistré, {n} images sont revenues. {title} : {message}</translation>
    </message>
</context>
<context>
    <name>Effects</name>
    <message>
        <source>approved is posted, the service restores the image from its backup and delivers it to everybody again</source>
        <translation>« approuvée » est envoyé, le service restaure l’image depuis sa copie et la livre de nouveau à tous</translation>
    </message>
    <message>
        <source>rejected is posted, the service delivers the image to nobody any more and purges it from the delivery caches</source>
        <translation>« rejetée » est envoyé, le service ne livre plus l’image à personne et la purge des caches</translation>
    </message>
    <message>
        <source>You left this image to somebody else; decided by you, it gets no second opinion, and the log says so.</source>
        <translation>Vous avez laissé cette image à quelqu’un d’autre ; décidée par vous, elle n’aura pas de second avis, et le journal le dit.</translation>
    </message>
    <message>
        <source>Reverses your decision: {effects}.</source>
        <translation>Inverse votre décision : {effects}.</translation>
    </message>
    <message>
        <source>Overrides the decision: {effects}.</source>
        <translation>Annule la décision : {effects}.</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>Something went wrong</source>
        <translation>Un problème est survenu</translation>
    </message>
    <message>
        <source>Local database</source>
        <translation>Base de données locale</translation>
    </message>
    <message>
        <source>Local database is busy</source>
        <translation>Base de données locale occupée</translation>
    </message>
    <message>
        <source>Disk is full</source>
        <translation>Disque plein</translation>
    </message>
    <message>
        <source>Local database is damaged</source>
        <translation>Base de données locale endommagée</translation>
    </message>
    <message>
        <source>Local database is from a newer version</source>
        <translation>Base de données locale d’une version plus récente</translation>
    </message>
    <message>
        <source>Moderation service</source>
        <translation>Service de modération</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Hors ligne</translation>
    </message>
    <message>
        <source>No clear answer</source>
        <translation>Pas de réponse claire</translation>
    </message>
    <message>
        <source>Hourly quota used up</source>
        <translation>Quota horaire épuisé</translation>
    </message>
    <message>
        <source>Key or secret not accepted</source>
        <translation>Clé ou secret refusé</translation>
    </message>
    <message>
        <source>Posting refused</source>
        <translation>Envoi refusé</translation>
    </message>
    <message>
        <source>Image is gone</source>
        <translation>Image disparue</translation>
    </message>
    <message>
        <source>Refused by the service</source>
        <translation>Refusé par le service</translation>
    </message>
    <message>
        <source>Address not allowed</source>
        <translation>Adresse non permise</translation>
    </message>
    <message>
        <source>Image cannot be shown</source>
        <translation>Image impossible à afficher</translation>
    </message>
    <message>
        <source>Not an image</source>
        <translation>Pas une image</translation>
    </message>
    <message>
        <source>Image is damaged</source>
        <translation>Image endommagée</translation>
    </message>
    <message>
        <source>Image is too large</source>
        <translation>Image trop grande</translation>
    </message>
    <message>
        <source>Image takes too long to decode</source>
        <translation>Décodage de l’image trop long</translation>
    </message>
    <message>
        <source>Image crashed the decoder</source>
        <translation>L’image a fait planter le décodeur</translation>
    </message>
    <message>
        <source>Image cache cannot be read</source>
        <translation>Cache d’images illisible</translation>
    </message>
    <message>
        <source>Image is not here</source>
        <translation>L’image n’est pas ici</translation>
    </message>
    <message>
        <source>Not possible now</source>
        <translation>Impossible maintenant</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
</context>
<context>
    <name>Evidence</name>
    <message>
        <source>Uploader</source>
        <translation>Envoyée par</translation>
    </message>
    <message>
        <source>Tags</source>
        <translation>Mots-clés</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Dossier</translation>
    </message>
</context>
<context>
    <name>EvidencePanel</name>
    <message>
        <source>Evidence and decision</source>
        <translation>Preuves et décision</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Afficher</translation>
    </message>
    <message>
        <source>Hide</source>
        <translation>Cacher</translation>
    </message>
    <message>
        <source>No image</source>
        <translation>Pas d’image</translation>
    </message>
    <message>
        <source>Machine verdict hidden until you decide</source>
        <translation>Avis machine caché jusqu’à la décision</translation>
    </message>
    <message>
        <source>Machine labels</source>
        <translation>Étiquettes machine</translation>
    </message>
    <message>
        <source>No machine labels</source>
        <translation>Pas d’étiquette machine</translation>
    </message>
    <message>
        <source>Note for this decision ({key})</source>
        <translation>Note pour cette décision ({key})</translation>
    </message>
    <message>
        <source>{count} alike</source>
        <translation>{count} semblables</translation>
    </message>
    <message>
        <source>None alike</source>
        <translation>Aucune semblable</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>Preuves</translation>
    </message>
    <message>
        <source>Note for this decision</source>
        <translation>Note pour cette décision</translation>
    </message>
</context>
<context>
    <name>Exchange</name>
    <message>
        <source>The address would have changed on its way.</source>
        <translation>L’adresse aurait changé en chemin.</translation>
    </message>
    <message>
        <source>The answer is larger than {body_bytes} bytes.</source>
        <translation>La réponse dépasse {body_bytes} octets.</translation>
    </message>
    <message>
        <source>The answer unpacks to far more than a real one.</source>
        <translation>La réponse se déballe bien au-delà d’une vraie.</translation>
    </message>
    <message>
        <source>The answer took too long.</source>
        <translation>La réponse a pris trop longtemps.</translation>
    </message>
    <message>
        <source>The answer is cut short.</source>
        <translation>La réponse est coupée.</translation>
    </message>
    <message>
        <source>The answer is packed in a way that was not asked for.</source>
        <translation>La réponse est emballée d’une façon non demandée.</translation>
    </message>
    <message>
        <source>The answer has something behind its end.</source>
        <translation>La réponse a quelque chose après sa fin.</translation>
    </message>
    <message>
        <source>The answer is packed wrongly.</source>
        <translation>La réponse est mal emballée.</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>{n} minute of work without a break.|{n} minutes of work without a break.</source>
        <translation>{n} minute de travail sans pause.|{n} minutes de travail sans pause.</translation>
    </message>
    <message>
        <source>{n} severe image since the last break.|{n} severe images since the last break.</source>
        <translation>{n} image grave depuis la dernière pause.|{n} images graves depuis la dernière pause.</translation>
    </message>
    <message>
        <source>A few minutes away from the screen may be good now.</source>
        <translation>Quelques minutes loin de l’écran feraient peut-être du bien.</translation>
    </message>
</context>
<context>
    <name>Filmstrip</name>
    <message>
        <source>waiting</source>
        <translation>en attente</translation>
    </message>
    <message>
        <source>now</source>
        <translation>ici</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>approuvée</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rejetée</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>passée</translation>
    </message>
    <message>
        <source>escalated</source>
        <translation>escaladée</translation>
    </message>
    <message>
        <source>Filmstrip</source>
        <translation>Pellicule</translation>
    </message>
    <message>
        <source>{at} images before, {ahead} after the current one.</source>
        <translation>{at} images avant l’actuelle, {ahead} après.</translation>
    </message>
    <message>
        <source>No images in the queue</source>
        <translation>Aucune image dans la file</translation>
    </message>
</context>
<context>
    <name>FilterBar</name>
    <message>
        <source>Part of a name, kind:… tag:… reason:… label:nudity&gt;60 age&gt;2h size&gt;5mb pixels&gt;12mp format:gif, -not</source>
        <translation>Partie d’un nom, kind:… tag:… reason:… label:nudity&gt;60 age&gt;2h size&gt;5mb pixels&gt;12mp format:gif, -pas</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filtre</translation>
    </message>
</context>
<context>
    <name>Filtering</name>
    <message>
        <source>{why} (at character {at})</source>
        <translation>{why} (au caractère {at})</translation>
    </message>
    <message>
        <source>A quotation mark is not closed</source>
        <translation>Un guillemet n’est pas fermé</translation>
    </message>
    <message>
        <source>There is nothing to look for</source>
        <translation>Il n’y a rien à chercher</translation>
    </message>
    <message>
        <source>“{field}” is none of {known}</source>
        <translation>« {field} » n’est aucun de {known}</translation>
    </message>
    <message>
        <source>Write {field}: and a name</source>
        <translation>Écrire {field}: et un nom</translation>
    </message>
    <message>
        <source>A name has to follow {field}:</source>
        <translation>Un nom doit suivre {field}:</translation>
    </message>
    <message>
        <source>Write for example label:nudity&gt;60</source>
        <translation>Écrire par exemple label:nudity&gt;60</translation>
    </message>
    <message>
        <source>The policy has no technical reason</source>
        <translation>La politique n’a pas de motif technique</translation>
    </message>
    <message>
        <source>Write for example {example}</source>
        <translation>Écrire par exemple {example}</translation>
    </message>
</context>
<context>
    <name>FirstSteps</name>
    <message>
        <source>approve</source>
        <translation>approuver</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>rejeter</translation>
    </message>
    <message>
        <source>reject with a reason</source>
        <translation>rejeter avec un motif</translation>
    </message>
    <message>
        <source>hold to look</source>
        <translation>tenir pour regarder</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>annuler</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>passer</translation>
    </message>
    <message>
        <source>every command</source>
        <translation>toutes les commandes</translation>
    </message>
    <message>
        <source>every key</source>
        <translation>toutes les touches</translation>
    </message>
    <message>
        <source>One key decides</source>
        <translation>Une touche décide</translation>
    </message>
    <message>
        <source>The next image is there at once. For some seconds nothing is sent, so undo simply takes the decision back.</source>
        <translation>L’image suivante est là aussitôt. Pendant quelques secondes rien n’est envoyé, annuler reprend donc simplement la décision.</translation>
    </message>
    <message>
        <source>reject with that reason</source>
        <translation>rejeter avec ce motif</translation>
    </message>
    <message>
        <source>Covered until you look</source>
        <translation>Masqué jusqu’au regard</translation>
    </message>
    <message>
        <source>An image that a machine or the policy warns of starts covered. You may reject it without looking; to approve it you have to see it.</source>
        <translation>Une image dont une machine ou la politique avertit commence masquée. Elle peut être rejetée sans regarder ; pour l’approuver, il faut l’avoir vue.</translation>
    </message>
    <message>
        <source>uncover</source>
        <translation>découvrir</translation>
    </message>
    <message>
        <source>cover everything at once</source>
        <translation>tout masquer d’un coup</translation>
    </message>
    <message>
        <source>Nothing is lost</source>
        <translation>Rien ne se perd</translation>
    </message>
    <message>
        <source>Every decision is on this machine first and is posted from the outbox. Without a network you simply go on.</source>
        <translation>Chaque décision est d’abord sur cette machine puis part de la boîte d’envoi. Sans réseau, on continue simplement.</translation>
    </message>
    <message>
        <source>go offline and back</source>
        <translation>hors ligne et retour</translation>
    </message>
    <message>
        <source>post at once</source>
        <translation>envoyer aussitôt</translation>
    </message>
    <message>
        <source>what is not posted</source>
        <translation>ce qui n’est pas envoyé</translation>
    </message>
    <message>
        <source>Everything has a key</source>
        <translation>Tout a une touche</translation>
    </message>
    <message>
        <source>Type what you want to do, or look the key up. You can change every one of them.</source>
        <translation>Écrire ce qu’il faut faire, ou chercher la touche. Chacune peut être changée.</translation>
    </message>
    <message>
        <source>find a command</source>
        <translation>trouver une commande</translation>
    </message>
    <message>
        <source>change keys</source>
        <translation>changer les touches</translation>
    </message>
    <message>
        <source>this tour again</source>
        <translation>cette visite encore</translation>
    </message>
</context>
<context>
    <name>FrameActions</name>
    <message>
        <source>This image has one frame only.</source>
        <translation>Cette image n’a qu’une vue.</translation>
    </message>
    <message>
        <source>Motion is reduced in the settings: {back} and {on} step through the frames.</source>
        <translation>Le mouvement est réduit dans les réglages : {back} et {on} parcourent les vues.</translation>
    </message>
</context>
<context>
    <name>FrameStrip</name>
    <message>
        <source>Frames</source>
        <translation>Vues</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Lire</translation>
    </message>
    <message>
        <source>Page {at} of {count}</source>
        <translation>Page {at} sur {count}</translation>
    </message>
    <message>
        <source>Frame {at} of {count}</source>
        <translation>Vue {at} sur {count}</translation>
    </message>
    <message>
        <source>{place} cannot be shown: {damage}</source>
        <translation>{place} ne peut pas être affichée : {damage}</translation>
    </message>
    <message>
        <source>{place}, loading</source>
        <translation>{place}, chargement</translation>
    </message>
    <message>
        <source>playing</source>
        <translation>lecture</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>en pause</translation>
    </message>
    <message>
        <source>{place}, {delay_ms} ms, {state}</source>
        <translation>{place}, {delay_ms} ms, {state}</translation>
    </message>
</context>
<context>
    <name>GridActions</name>
    <message>
        <source>That is for the grid: {key} shows it.</source>
        <translation>C’est pour la grille : {key} l’affiche.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La politique n’a pas de motif sur {digit}.</translation>
    </message>
    <message>
        <source>That is for one image: {key} shows it alone.</source>
        <translation>C’est pour une seule image : {key} l’affiche seule.</translation>
    </message>
</context>
<context>
    <name>GridPanel</name>
    <message>
        <source>{count} marked</source>
        <translation>{count} cochées</translation>
    </message>
    <message>
        <source>This will {consequence}.</source>
        <translation>Cela va {consequence}.</translation>
    </message>
    <message>
        <source>Confirm what is done to the screen</source>
        <translation>Confirmer ce qui est fait de l’écran</translation>
    </message>
    <message>
        <source>Do it ({key})</source>
        <translation>Le faire ({key})</translation>
    </message>
    <message>
        <source>Leave (Esc)</source>
        <translation>Laisser (Échap)</translation>
    </message>
</context>
<context>
    <name>GridPlan</name>
    <message>
        <source>covered</source>
        <translation>masquée</translation>
    </message>
    <message>
        <source>not shown long enough</source>
        <translation>pas affichées assez longtemps</translation>
    </message>
    <message>
        <source>without a picture</source>
        <translation>sans image</translation>
    </message>
    <message>
        <source>still with an earlier moderation</source>
        <translation>encore chez une modération précédente</translation>
    </message>
    <message>
        <source>without a reason</source>
        <translation>sans motif</translation>
    </message>
    <message>
        <source>left to somebody else before</source>
        <translation>laissées avant à quelqu’un d’autre</translation>
    </message>
    <message>
        <source>with more to see than a tile shows</source>
        <translation>avec plus à voir qu’une vignette ne montre</translation>
    </message>
    <message>
        <source>You left this image to somebody else before: decide it on the stage.</source>
        <translation>Vous avez laissé cette image à quelqu’un d’autre : la décider sur la scène.</translation>
    </message>
    <message>
        <source>not decidable</source>
        <translation>non décidables</translation>
    </message>
    <message>
        <source>{count} rejected</source>
        <translation>{count} rejetées</translation>
    </message>
    <message>
        <source>{count} approved</source>
        <translation>{count} approuvées</translation>
    </message>
    <message>
        <source>There is more to this image than a tile shows: approve it on the stage.</source>
        <translation>Il y a plus dans cette image que ne montre une vignette : l’approuver sur la scène.</translation>
    </message>
    <message>
        <source>reject {marked} marked and approve the other {rest} on screen</source>
        <translation>rejeter {marked} cochées et approuver les {rest} autres à l’écran</translation>
    </message>
    <message>
        <source>reject {marked} marked</source>
        <translation>rejeter {marked} cochées</translation>
    </message>
    <message>
        <source>approve {rest} on screen</source>
        <translation>approuver {rest} à l’écran</translation>
    </message>
    <message>
        <source>{n} stays: {why}|{n} stay: {why}</source>
        <translation>{n} reste : {why}|{n} restent : {why}</translation>
    </message>
    <message>
        <source>“{title}” is given to one image at a time.</source>
        <translation>« {title} » se donne à une image à la fois.</translation>
    </message>
</context>
<context>
    <name>GridSession</name>
    <message>
        <source>This is the largest tile.</source>
        <translation>C’est la plus grande vignette.</translation>
    </message>
    <message>
        <source>This is the smallest tile.</source>
        <translation>C’est la plus petite vignette.</translation>
    </message>
    <message>
        <source>There are no tiles.</source>
        <translation>Il n’y a pas de vignettes.</translation>
    </message>
    <message>
        <source>What comes next is still being read.</source>
        <translation>La suite est encore en lecture.</translation>
    </message>
    <message>
        <source>This is the last row of the queue.</source>
        <translation>C’est la dernière rangée de la file.</translation>
    </message>
    <message>
        <source>This is the first row of the queue.</source>
        <translation>C’est la première rangée de la file.</translation>
    </message>
    <message>
        <source>No picture is on the screen yet.</source>
        <translation>Aucune image n’est encore à l’écran.</translation>
    </message>
    <message>
        <source>No more than {most} can be marked.</source>
        <translation>On ne peut pas en cocher plus de {most}.</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Il n’y a pas encore d’image à découvrir.</translation>
    </message>
    <message>
        <source>No tile is chosen; the arrows choose one.</source>
        <translation>Aucune vignette choisie ; les flèches en choisissent une.</translation>
    </message>
</context>
<context>
    <name>GridSheet</name>
    <message>
        <source>Scroll the sheet</source>
        <translation>Faire défiler la planche</translation>
    </message>
    <message>
        <source>Contact sheet</source>
        <translation>Planche-contact</translation>
    </message>
    <message>
        <source>No tile is chosen.</source>
        <translation>Aucune vignette choisie.</translation>
    </message>
    <message>
        <source>marked</source>
        <translation>cochée</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>masquée</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>affichée</translation>
    </message>
    <message>
        <source>{tile}. {marked} marked.</source>
        <translation>{tile}. {marked} cochées.</translation>
    </message>
    <message>
        <source>no picture</source>
        <translation>pas d’image</translation>
    </message>
    <message>
        <source>{n} frame|{n} frames</source>
        <translation>{n} vue|{n} vues</translation>
    </message>
    <message>
        <source>Reading the queue</source>
        <translation>Lecture de la file</translation>
    </message>
    <message>
        <source>The tiles come as they are read.</source>
        <translation>Les vignettes arrivent au fil de la lecture.</translation>
    </message>
    <message>
        <source>Everything is covered</source>
        <translation>Tout est masqué</translation>
    </message>
    <message>
        <source>Nothing can be decided until you go on.</source>
        <translation>Rien ne peut être décidé avant de continuer.</translation>
    </message>
</context>
<context>
    <name>GridStrokes</name>
    <message>
        <source>There is no image on screen.</source>
        <translation>Aucune image à l’écran.</translation>
    </message>
    <message>
        <source>Nothing is to be confirmed.</source>
        <translation>Rien n’est à confirmer.</translation>
    </message>
    <message>
        <source>Read first what would be done.</source>
        <translation>Lire d’abord ce qui serait fait.</translation>
    </message>
    <message>
        <source>Nothing done: the queue has just changed.</source>
        <translation>Rien de fait : la file vient de changer.</translation>
    </message>
    <message>
        <source>{result}; undo takes all of them back.</source>
        <translation>{result} ; annuler les reprend toutes.</translation>
    </message>
    <message>
        <source>{result}; undo takes it back.</source>
        <translation>{result} ; annuler la reprend.</translation>
    </message>
    <message>
        <source>No tile is marked.</source>
        <translation>Aucune vignette n’est cochée.</translation>
    </message>
</context>
<context>
    <name>GroupActions</name>
    <message>
        <source>There is no image.</source>
        <translation>Il n’y a pas d’image.</translation>
    </message>
    <message>
        <source>No image like this one is known here.</source>
        <translation>Aucune image comme celle-ci n’est connue ici.</translation>
    </message>
</context>
<context>
    <name>GroupBoard</name>
    <message>
        <source>Images that are alike</source>
        <translation>Images semblables</translation>
    </message>
    <message>
        <source>Scroll the group</source>
        <translation>Faire défiler le groupe</translation>
    </message>
    <message>
        <source>No image.</source>
        <translation>Pas d’image.</translation>
    </message>
    <message>
        <source>marked</source>
        <translation>cochée</translation>
    </message>
    <message>
        <source>not marked</source>
        <translation>non cochée</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>masquée</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>affichée</translation>
    </message>
    <message>
        <source>{image}. {ticked} of {members} marked.</source>
        <translation>{image}. {ticked} sur {members} cochées.</translation>
    </message>
    <message>
        <source>Everything is covered</source>
        <translation>Tout est masqué</translation>
    </message>
    <message>
        <source>Nothing can be decided now.</source>
        <translation>Rien ne peut être décidé maintenant.</translation>
    </message>
</context>
<context>
    <name>GroupSession</name>
    <message>
        <source>{effects} The same key again does it.</source>
        <translation>{effects} La même touche encore une fois le fait.</translation>
    </message>
    <message>
        <source>There is no picture beyond this one.</source>
        <translation>Il n’y a pas d’image après celle-ci.</translation>
    </message>
    <message>
        <source>No image is marked.</source>
        <translation>Aucune image n’est cochée.</translation>
    </message>
    <message>
        <source>There is no picture here.</source>
        <translation>Il n’y a pas d’image ici.</translation>
    </message>
    <message>
        <source>{result}; undo takes the chosen one back, on the stage all of them.</source>
        <translation>{result} ; annuler reprend celle choisie, sur la scène toutes.</translation>
    </message>
    <message>
        <source>{result}.</source>
        <translation>{result}.</translation>
    </message>
    <message>
        <source>What is {status} is overridden on the stage, one image at a time.</source>
        <translation>Ce qui est {status} s’annule sur la scène, image par image.</translation>
    </message>
    <message>
        <source>This picture does not wait in this queue.</source>
        <translation>Cette image n’attend pas dans cette file.</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Il n’y a pas encore d’image à découvrir.</translation>
    </message>
</context>
<context>
    <name>GroupSheet</name>
    <message>
        <source>Images that are alike</source>
        <translation>Images semblables</translation>
    </message>
    <message>
        <source>That is not for a group: {key} goes back.</source>
        <translation>Ce n’est pas pour un groupe : {key} revient.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La politique n’a pas de motif sur {digit}.</translation>
    </message>
    <message>
        <source>{count} of {all} marked</source>
        <translation>{count} sur {all} cochées</translation>
    </message>
</context>
<context>
    <name>GroupWords</name>
    <message>
        <source>approved</source>
        <translation>approuvée</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rejetée</translation>
    </message>
    <message>
        <source>the image you came from</source>
        <translation>l’image de départ</translation>
    </message>
    <message>
        <source>no difference found</source>
        <translation>aucune différence trouvée</translation>
    </message>
    <message>
        <source>{n} bit of 256 differ (pHash {phash})|{n} bits of 256 differ (pHash {phash})</source>
        <translation>{n} bit sur 256 diffère (pHash {phash})|{n} bits sur 256 diffèrent (pHash {phash})</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>en attente</translation>
    </message>
    <message>
        <source>not in this queue</source>
        <translation>pas dans cette file</translation>
    </message>
    <message>
        <source>{state}, unposted</source>
        <translation>{state}, non envoyée</translation>
    </message>
    <message>
        <source>new</source>
        <translation>nouvelle</translation>
    </message>
</context>
<context>
    <name>HintStrip</name>
    <message>
        <source>Hide</source>
        <translation>Cacher</translation>
    </message>
    <message>
        <source>Hide the key hints</source>
        <translation>Cacher les aides de touches</translation>
    </message>
    <message>
        <source>Hide the key hints; the setting “Key hints” shows them again</source>
        <translation>Cacher les aides de touches ; le réglage « Aide des touches » les remontre</translation>
    </message>
    <message>
        <source>Keys – {text}</source>
        <translation>Touches – {text}</translation>
    </message>
</context>
<context>
    <name>History</name>
    <message>
        <source>held</source>
        <translation>retenue</translation>
    </message>
    <message>
        <source>to be posted</source>
        <translation>à envoyer</translation>
    </message>
    <message>
        <source>being posted</source>
        <translation>en cours d’envoi</translation>
    </message>
    <message>
        <source>posted</source>
        <translation>envoyée</translation>
    </message>
    <message>
        <source>stuck</source>
        <translation>bloquée</translation>
    </message>
    <message>
        <source>conflict</source>
        <translation>conflit</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>reprise</translation>
    </message>
    <message>
        <source>replaced</source>
        <translation>remplacée</translation>
    </message>
    <message>
        <source>posted, then reversed</source>
        <translation>envoyée, puis inversée</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Il n’y a pas encore d’image à découvrir.</translation>
    </message>
    <message>
        <source>It is posted as {status} already; only the other verdict can be posted now.</source>
        <translation>Déjà envoyée comme {status} ; seul l’autre verdict peut être envoyé.</translation>
    </message>
    <message>
        <source>That is what was decided already.</source>
        <translation>C’est déjà ce qui a été décidé.</translation>
    </message>
    <message>
        <source>It is posted as {status}; that cannot be undone, only reversed by the other verdict.</source>
        <translation>Envoyée comme {status} ; cela ne s’annule pas, seul l’autre verdict l’inverse.</translation>
    </message>
    <message>
        <source>There is no decision to change.</source>
        <translation>Il n’y a pas de décision à changer.</translation>
    </message>
    <message>
        <source>This decision counts no more ({state}).</source>
        <translation>Cette décision ne compte plus ({state}).</translation>
    </message>
    <message>
        <source>It is being posted at this moment; try again.</source>
        <translation>Elle part en ce moment ; réessayer.</translation>
    </message>
    <message>
        <source>It is stuck: Outbox settles that.</source>
        <translation>Elle est bloquée : la boîte d’envoi règle cela.</translation>
    </message>
    <message>
        <source>It is in conflict: Outbox settles that.</source>
        <translation>Elle est en conflit : la boîte d’envoi règle cela.</translation>
    </message>
    <message>
        <source>Not changed: it was posted meanwhile.</source>
        <translation>Non changée : elle a été envoyée entre-temps.</translation>
    </message>
    <message>
        <source>Changed to {status}; it is held anew.</source>
        <translation>Changée en {status} ; de nouveau retenue.</translation>
    </message>
    <message>
        <source>It will be posted as {target}.</source>
        <translation>Sera envoyée comme {target}.</translation>
    </message>
    <message>
        <source>Taken back: the image waits in the queue again.</source>
        <translation>Reprise : l’image attend de nouveau dans la file.</translation>
    </message>
    <message>
        <source>Taken back: an earlier choice counts.</source>
        <translation>Reprise : un choix précédent compte.</translation>
    </message>
    <message>
        <source>Not taken back: it was posted meanwhile.</source>
        <translation>Non reprise : elle a été envoyée entre-temps.</translation>
    </message>
    <message>
        <source>It cannot be taken back any more.</source>
        <translation>Elle ne peut plus être reprise.</translation>
    </message>
    <message>
        <source>Not saved. {title}: {message}</source>
        <translation>Non enregistré. {title} : {message}</translation>
    </message>
</context>
<context>
    <name>HistoryList</name>
    <message>
        <source>Your last decisions</source>
        <translation>Vos dernières décisions</translation>
    </message>
</context>
<context>
    <name>HistoryPicture</name>
    <message>
        <source>Everything is covered</source>
        <translation>Tout est masqué</translation>
    </message>
    <message>
        <source>Nothing can be changed meanwhile.</source>
        <translation>Rien ne peut être changé pendant ce temps.</translation>
    </message>
    <message>
        <source>No decision yet</source>
        <translation>Pas encore de décision</translation>
    </message>
    <message>
        <source>What you decide is listed here.</source>
        <translation>Ce qui est décidé est listé ici.</translation>
    </message>
    <message>
        <source>Loading the image</source>
        <translation>Chargement de l’image</translation>
    </message>
    <message>
        <source>It comes from this machine or the service.</source>
        <translation>Elle vient de cette machine ou du service.</translation>
    </message>
    <message>
        <source>Image of the decision</source>
        <translation>Image de la décision</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>masquée</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>affichée</translation>
    </message>
    <message>
        <source>No picture</source>
        <translation>Pas d’image</translation>
    </message>
    <message>
        <source>{key} uncovers</source>
        <translation>{key} découvre</translation>
    </message>
</context>
<context>
    <name>HistorySheet</name>
    <message>
        <source>History · your last 50 decisions</source>
        <translation>Historique · vos 50 dernières décisions</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La politique n’a pas de motif sur {digit}.</translation>
    </message>
    <message>
        <source>“{label}” is for the stage; {key} goes back to it.</source>
        <translation>« {label} » est pour la scène ; {key} y revient.</translation>
    </message>
    <message>
        <source>{text} Press {key} again to do it.</source>
        <translation>{text} Appuyer encore sur {key} pour le faire.</translation>
    </message>
    <message>
        <source>{label} instead</source>
        <translation>{label} plutôt</translation>
    </message>
</context>
<context>
    <name>InspectionActions</name>
    <message>
        <source>Zoom and place stay when the next image comes.</source>
        <translation>Zoom et place restent à l’image suivante.</translation>
    </message>
    <message>
        <source>Each image begins whole and upright.</source>
        <translation>Chaque image commence entière et droite.</translation>
    </message>
    <message>
        <source>Shadows as they are.</source>
        <translation>Ombres telles quelles.</translation>
    </message>
    <message>
        <source>Shadows are brightened as soon as the image is uncovered.</source>
        <translation>Les ombres s’éclaircissent dès que l’image est découverte.</translation>
    </message>
    <message>
        <source>Shadows are brightened.</source>
        <translation>Les ombres sont éclaircies.</translation>
    </message>
    <message>
        <source>There is no picture yet.</source>
        <translation>Il n’y a pas encore d’image.</translation>
    </message>
    <message>
        <source>This is the original already.</source>
        <translation>C’est déjà l’original.</translation>
    </message>
    <message>
        <source>Fetching the original{weight}.</source>
        <translation>Chargement de l’original{weight}.</translation>
    </message>
    <message>
        <source>The original{weight} comes as soon as the service can be reached.</source>
        <translation>L’original{weight} vient dès que le service est joignable.</translation>
    </message>
    <message>
        <source>The original could not be fetched: {failed}</source>
        <translation>L’original n’a pas pu être chargé : {failed}</translation>
    </message>
    <message>
        <source>The original is here and being opened.</source>
        <translation>L’original est là et s’ouvre.</translation>
    </message>
    <message>
        <source>Original: {got} of {total}.</source>
        <translation>Original : {got} sur {total}.</translation>
    </message>
    <message>
        <source>Original: {size} so far.</source>
        <translation>Original : {size} jusqu’ici.</translation>
    </message>
    <message>
        <source>The original cannot be shown: {message}</source>
        <translation>L’original ne peut pas être affiché : {message}</translation>
    </message>
    <message>
        <source>The original, {size} pixels.</source>
        <translation>L’original, {size} pixels.</translation>
    </message>
    <message>
        <source>What machines found is hidden until you decide.</source>
        <translation>Ce que les machines ont trouvé est caché jusqu’à la décision.</translation>
    </message>
    <message>
        <source>What machines found is shown.</source>
        <translation>Ce que les machines ont trouvé est affiché.</translation>
    </message>
</context>
<context>
    <name>Integrity</name>
    <message>
        <source>Only part of the image arrived: {got_length} of {content_length} bytes. What you see may not be the whole picture.</source>
        <translation>Une partie seulement de l’image est arrivée : {got_length} octets sur {content_length}. Ce qui se voit n’est peut-être pas tout.</translation>
    </message>
    <message>
        <source>This is not the file that was listed: {got_length} bytes came, {listing_bytes} were listed. It may have been replaced since.</source>
        <translation>Ce n’est pas le fichier annoncé : {got_length} octets reçus, {listing_bytes} annoncés. Il a peut-être été remplacé.</translation>
    </message>
    <message>
        <source>This is not the file that was listed: its checksum differs. It may have been replaced since.</source>
        <translation>Ce n’est pas le fichier annoncé : sa somme de contrôle diffère. Il a peut-être été remplacé.</translation>
    </message>
</context>
<context>
    <name>KeyNames</name>
    <message>
        <source>Ctrl</source>
        <translation>Ctrl</translation>
    </message>
    <message>
        <source>Alt</source>
        <translation>Alt</translation>
    </message>
    <message>
        <source>Meta</source>
        <translation>Méta</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>Maj</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Espace</translation>
    </message>
    <message>
        <source>Backspace</source>
        <translation>Retour arr.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Suppr</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Suppr</translation>
    </message>
    <message>
        <source>Insert</source>
        <translation>Inser</translation>
    </message>
    <message>
        <source>Left</source>
        <translation>Gauche</translation>
    </message>
    <message>
        <source>Right</source>
        <translation>Droite</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Haut</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Bas</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Début</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Fin</translation>
    </message>
    <message>
        <source>PageUp</source>
        <translation>Page préc.</translation>
    </message>
    <message>
        <source>PageDown</source>
        <translation>Page suiv.</translation>
    </message>
    <message>
        <source>PgUp</source>
        <translation>Page préc.</translation>
    </message>
    <message>
        <source>PgDn</source>
        <translation>Page suiv.</translation>
    </message>
    <message>
        <source>Return</source>
        <translation>Entrée</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Entrée</translation>
    </message>
    <message>
        <source>Escape</source>
        <translation>Échap</translation>
    </message>
    <message>
        <source>Esc</source>
        <translation>Échap</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>Tab</translation>
    </message>
    <message>
        <source>Num {sign}</source>
        <translation>Pavé {sign}</translation>
    </message>
</context>
<context>
    <name>KeyedButtons</name>
    <message>
        <source>{tip} Key {key}.</source>
        <translation>{tip} Touche {key}.</translation>
    </message>
</context>
<context>
    <name>Keymap</name>
    <message>
        <source>Decide</source>
        <translation>Décider</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Se déplacer</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Grille</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Regarder</translation>
    </message>
    <message>
        <source>Panels</source>
        <translation>Panneaux</translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Service</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenêtre</translation>
    </message>
</context>
<context>
    <name>KeymapEditing</name>
    <message>
        <source>Mine</source>
        <translation>La mienne</translation>
    </message>
    <message>
        <source>Your own keys clash with {preset}: {error} Reset them first.</source>
        <translation>Vos propres touches heurtent {preset} : {error} Rétablissez-les d’abord.</translation>
    </message>
    <message>
        <source>{key} cannot be a key: Enter confirms and never decides, Escape leaves, and Tab goes from button to button.</source>
        <translation>{key} ne peut pas être une touche : Entrée confirme et ne décide jamais, Échap quitte, et Tab va de bouton en bouton.</translation>
    </message>
    <message>
        <source>{key} is the key of “{label}”. Nothing was changed.</source>
        <translation>{key} est la touche de « {label} ». Rien n’a changé.</translation>
    </message>
</context>
<context>
    <name>KeymapEditor</name>
    <message>
        <source>Choose a command, then “Change” or “Add”, then press the key.</source>
        <translation>Choisir une commande, puis « Changer » ou « Ajouter », puis appuyer sur la touche.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Touches</translation>
    </message>
    <message>
        <source>{problem} The first change replaces that file.</source>
        <translation>{problem} Le premier changement remplace ce fichier.</translation>
    </message>
    <message>
        <source>&amp;Keymap</source>
        <translation>&amp;Clavier</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Clavier</translation>
    </message>
    <message>
        <source>&amp;Letters, digits and signs without Alt</source>
        <translation>&amp;Lettres, chiffres et signes sans Alt</translation>
    </message>
    <message>
        <source>Off: no letter, digit or sign is a key by itself; A is Alt+A then, Shift+B is Alt+Shift+B. For speech input, and for hands that touch keys by accident.</source>
        <translation>Non : aucune lettre, aucun chiffre ni signe n’est une touche seul ; A devient Alt+A, Maj+B devient Alt+Maj+B. Pour la dictée, et pour les mains qui touchent des touches par accident.</translation>
    </message>
    <message>
        <source>Commands and their keys</source>
        <translation>Commandes et leurs touches</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Commande</translation>
    </message>
    <message>
        <source>&amp;Change</source>
        <translation>&amp;Changer</translation>
    </message>
    <message>
        <source>Press the key of “{title}” now. Esc changes nothing.</source>
        <translation>Appuyer maintenant sur la touche de « {title} ». Échap ne change rien.</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>&amp;Ajouter</translation>
    </message>
    <message>
        <source>Press another key of “{title}” now. Esc changes nothing.</source>
        <translation>Appuyer maintenant sur une autre touche de « {title} ». Échap ne change rien.</translation>
    </message>
    <message>
        <source>Re&amp;move</source>
        <translation>&amp;Retirer</translation>
    </message>
    <message>
        <source>&amp;Reset</source>
        <translation>Ré&amp;tablir</translation>
    </message>
    <message>
        <source>Reset a&amp;ll</source>
        <translation>T&amp;out rétablir</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Fermer</translation>
    </message>
    <message>
        <source>yours</source>
        <translation>la vôtre</translation>
    </message>
    <message>
        <source>Kept.</source>
        <translation>Gardé.</translation>
    </message>
</context>
<context>
    <name>KeymapFile</name>
    <message>
        <source>“{text}” is not a key.</source>
        <translation>« {text} » n’est pas une touche.</translation>
    </message>
    <message>
        <source>“{text}”: {name} is not a modifier key.</source>
        <translation>« {text} » : {name} n’est pas une touche de modification.</translation>
    </message>
    <message>
        <source>there is no command “{command}”</source>
        <translation>il n’y a pas de commande « {command} »</translation>
    </message>
    <message>
        <source>Keymap “{name}”: {faults}.</source>
        <translation>Clavier « {name} » : {faults}.</translation>
    </message>
    <message>
        <source>The keymap file is not valid TOML: {error}</source>
        <translation>Le fichier du clavier n’est pas du TOML valide : {error}</translation>
    </message>
    <message>
        <source>The keymap file has no [keys] table.</source>
        <translation>Le fichier du clavier n’a pas de table [keys].</translation>
    </message>
    <message>
        <source>Keymap: {command} must be a key or a list of keys.</source>
        <translation>Clavier : {command} doit être une touche ou une liste de touches.</translation>
    </message>
    <message>
        <source>unnamed</source>
        <translation>sans nom</translation>
    </message>
    <message>
        <source>{command} has an empty key</source>
        <translation>{command} a une touche vide</translation>
    </message>
    <message>
        <source>{keys} ({command}) is reserved and cannot be bound</source>
        <translation>{keys} ({command}) est réservée et ne peut pas être attribuée</translation>
    </message>
    <message>
        <source>{keys} ({command}) begins with the key of {other}</source>
        <translation>{keys} ({command}) commence par la touche de {other}</translation>
    </message>
    <message>
        <source>{keys} is used by both {other} and {command}</source>
        <translation>{keys} sert à la fois à {other} et à {command}</translation>
    </message>
    <message>
        <source>{keys} ({command}) is the beginning of another key sequence</source>
        <translation>{keys} ({command}) est le début d’une autre suite de touches</translation>
    </message>
</context>
<context>
    <name>KeymapNames</name>
    <message>
        <source>Coral</source>
        <translation>Coral</translation>
    </message>
    <message>
        <source>Default</source>
        <translation>Par défaut</translation>
    </message>
    <message>
        <source>Label Studio</source>
        <translation>Label Studio</translation>
    </message>
    <message>
        <source>Left hand</source>
        <translation>Main gauche</translation>
    </message>
    <message>
        <source>Lightroom</source>
        <translation>Lightroom</translation>
    </message>
    <message>
        <source>Number pad</source>
        <translation>Pavé numérique</translation>
    </message>
    <message>
        <source>Prodigy</source>
        <translation>Prodigy</translation>
    </message>
</context>
<context>
    <name>Keymaps</name>
    <message>
        <source>There is no keymap “{extends}”. There are: {join}.</source>
        <translation>Il n’y a pas de clavier « {extends} ». Il y a : {join}.</translation>
    </message>
    <message>
        <source>{path}: {error} The last good keys are in use.</source>
        <translation>{path} : {error} Les dernières touches correctes sont utilisées.</translation>
    </message>
    <message>
        <source>{path}: {error} The shipped keys are in use.</source>
        <translation>{path} : {error} Les touches d’origine sont utilisées.</translation>
    </message>
    <message>
        <source>The keys cannot be kept for the day their file is wrong. {error}</source>
        <translation>Les touches ne peuvent pas être gardées pour le jour où leur fichier est faux. {error}</translation>
    </message>
</context>
<context>
    <name>LabelBars</name>
    <message>
        <source>Machine labels</source>
        <translation>Étiquettes machine</translation>
    </message>
    <message>
        <source>{score} over {threshold:.0f}</source>
        <translation>{score} au-delà de {threshold:.0f}</translation>
    </message>
    <message>
        <source>{score} of {threshold:.0f}</source>
        <translation>{score} sur {threshold:.0f}</translation>
    </message>
    <message>
        <source>{name} {confidence:.0f} percent, threshold {threshold:.0f}</source>
        <translation>{name} {confidence:.0f} pour cent, seuil {threshold:.0f}</translation>
    </message>
</context>
<context>
    <name>ListsSheet</name>
    <message>
        <source>Skipped</source>
        <translation>Passées</translation>
    </message>
    <message>
        <source>Put at the back of the queue: {count}.</source>
        <translation>Mises à la fin de la file : {count}.</translation>
    </message>
    <message>
        <source>Nothing is skipped.</source>
        <translation>Rien n’est passé.</translation>
    </message>
    <message>
        <source>Flagged</source>
        <translation>Signalées</translation>
    </message>
    <message>
        <source>Bookmarks; they change nothing of the queue: {count}.</source>
        <translation>Des signets ; ils ne changent rien à la file : {count}.</translation>
    </message>
    <message>
        <source>Nothing is flagged.</source>
        <translation>Rien n’est signalé.</translation>
    </message>
    <message>
        <source>Escalated</source>
        <translation>Escaladées</translation>
    </message>
    <message>
        <source>Waiting for a second opinion: {count}.</source>
        <translation>En attente d’un second avis : {count}.</translation>
    </message>
    <message>
        <source>Nothing is escalated.</source>
        <translation>Rien n’est escaladé.</translation>
    </message>
    <message>
        <source>&amp;Bring back (Enter)</source>
        <translation>&amp;Ramener (Entrée)</translation>
    </message>
    <message>
        <source>&amp;Look at it (Enter)</source>
        <translation>&amp;Regarder (Entrée)</translation>
    </message>
    <message>
        <source>Skipped, flagged, escalated</source>
        <translation>Passées, signalées, escaladées</translation>
    </message>
    <message>
        <source>Lists</source>
        <translation>Listes</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Lecture…</translation>
    </message>
    <message>
        <source>Images of this list</source>
        <translation>Images de cette liste</translation>
    </message>
    <message>
        <source>&amp;Remove flag (Del)</source>
        <translation>Retirer le si&amp;gnet (Suppr)</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Fermer (Échap)</translation>
    </message>
    <message>
        <source>{n} image|{n} images</source>
        <translation>{n} image|{n} images</translation>
    </message>
    <message>
        <source>Escalate</source>
        <translation>Escalader</translation>
    </message>
    <message>
        <source>Ask for a second opinion</source>
        <translation>Demander un second avis</translation>
    </message>
    <message>
        <source>{name} leaves your queue and stays pending at the service, for somebody else to decide.</source>
        <translation>{name} quitte votre file et reste en attente au service, pour que quelqu’un d’autre décide.</translation>
    </message>
    <message>
        <source>Why, or what is to be looked at</source>
        <translation>Pourquoi, ou ce qu’il faut regarder</translation>
    </message>
    <message>
        <source>&amp;Escalate (Enter)</source>
        <translation>&amp;Escalader (Entrée)</translation>
    </message>
    <message>
        <source>Cancel (Esc)</source>
        <translation>Annuler (Échap)</translation>
    </message>
    <message>
        <source>Another image is on the stage now.</source>
        <translation>Une autre image est maintenant sur la scène.</translation>
    </message>
    <message>
        <source>since {when} by {actor}</source>
        <translation>depuis {when} par {actor}</translation>
    </message>
    <message>
        <source>you</source>
        <translation>vous</translation>
    </message>
    <message>
        <source>skipped {count} times</source>
        <translation>passée {count} fois</translation>
    </message>
</context>
<context>
    <name>LookActions</name>
    <message>
        <source>Theme: {name}.</source>
        <translation>Thème : {name}.</translation>
    </message>
    <message>
        <source>Text size: {percent} %.</source>
        <translation>Taille du texte : {percent} %.</translation>
    </message>
</context>
<context>
    <name>Media</name>
    <message>
        <source>The file has more than {limit} bytes.</source>
        <translation>Le fichier fait plus de {limit} octets.</translation>
    </message>
    <message>
        <source>Showing this image needs more memory.</source>
        <translation>Afficher cette image demande plus de mémoire.</translation>
    </message>
    <message>
        <source>The copy on this machine is damaged; fetch it again.</source>
        <translation>La copie sur cette machine est endommagée ; la récupérer de nouveau.</translation>
    </message>
    <message>
        <source>Decoding this image needs more memory.</source>
        <translation>Décoder cette image demande plus de mémoire.</translation>
    </message>
    <message>
        <source>The image is not on this machine; it has to be fetched.</source>
        <translation>L’image n’est pas sur cette machine ; il faut la récupérer.</translation>
    </message>
    <message>
        <source>Decoding was stopped after {seconds} seconds.</source>
        <translation>Le décodage a été arrêté après {seconds} secondes.</translation>
    </message>
    <message>
        <source>The image decoder does not start on this machine.</source>
        <translation>Le décodeur d’images ne démarre pas sur cette machine.</translation>
    </message>
    <message>
        <source>The image decoder ended twice on this image.</source>
        <translation>Le décodeur d’images s’est arrêté deux fois sur cette image.</translation>
    </message>
    <message>
        <source>The fingerprint of this image needs more memory.</source>
        <translation>L’empreinte de cette image demande plus de mémoire.</translation>
    </message>
    <message>
        <source>The fingerprint of this image took too long.</source>
        <translation>L’empreinte de cette image a pris trop de temps.</translation>
    </message>
    <message>
        <source>The fingerprint worker ended twice on this image.</source>
        <translation>Le processus d’empreintes s’est arrêté deux fois sur cette image.</translation>
    </message>
    <message>
        <source>The file is not a picture but {what}.</source>
        <translation>Le fichier n’est pas une image mais {what}.</translation>
    </message>
    <message>
        <source>a video</source>
        <translation>une vidéo</translation>
    </message>
    <message>
        <source>a Windows program</source>
        <translation>un programme Windows</translation>
    </message>
    <message>
        <source>a Linux program</source>
        <translation>un programme Linux</translation>
    </message>
    <message>
        <source>a Mac program or Java class</source>
        <translation>un programme Mac ou une classe Java</translation>
    </message>
    <message>
        <source>a Mac program</source>
        <translation>un programme Mac</translation>
    </message>
    <message>
        <source>a script</source>
        <translation>un script</translation>
    </message>
    <message>
        <source>a ZIP archive or office document</source>
        <translation>une archive ZIP ou un document bureautique</translation>
    </message>
    <message>
        <source>a PDF document</source>
        <translation>un document PDF</translation>
    </message>
    <message>
        <source>a PostScript document</source>
        <translation>un document PostScript</translation>
    </message>
    <message>
        <source>a Photoshop document</source>
        <translation>un document Photoshop</translation>
    </message>
    <message>
        <source>compressed data</source>
        <translation>des données compressées</translation>
    </message>
    <message>
        <source>a sound file</source>
        <translation>un fichier son</translation>
    </message>
    <message>
        <source>an SVG drawing</source>
        <translation>un dessin SVG</translation>
    </message>
    <message>
        <source>a web page</source>
        <translation>une page web</translation>
    </message>
    <message>
        <source>The file is empty.</source>
        <translation>Le fichier est vide.</translation>
    </message>
    <message>
        <source>a markup document</source>
        <translation>un document balisé</translation>
    </message>
    <message>
        <source>The file is not a picture in a format that can be shown here.</source>
        <translation>Le fichier n’est pas une image dans un format affichable ici.</translation>
    </message>
    <message>
        <source>The file has {size} bytes; {limit} is the limit.</source>
        <translation>Le fichier fait {size} octets ; la limite est {limit}.</translation>
    </message>
    <message>
        <source>Decoding this image needs more memory than it may use.</source>
        <translation>Décoder cette image demande plus de mémoire que permis.</translation>
    </message>
    <message>
        <source>The {kind} file is damaged: its beginning cannot be read.</source>
        <translation>Le fichier {kind} est endommagé : son début est illisible.</translation>
    </message>
    <message>
        <source>The {kind} file is damaged or cut short{why}.</source>
        <translation>Le fichier {kind} est endommagé ou tronqué{why}.</translation>
    </message>
    <message>
        <source>{kind} pictures can be shown when the {extra} extra is installed.</source>
        <translation>Les images {kind} peuvent être affichées si l’extra {extra} est installé.</translation>
    </message>
    <message>
        <source>The image says that it has no pixels.</source>
        <translation>L’image déclare n’avoir aucun pixel.</translation>
    </message>
    <message>
        <source>The image says that it is {width} × {height} pixels; more than {most} megapixels are not decoded.</source>
        <translation>L’image déclare {width} × {height} pixels ; au-delà de {most} mégapixels, rien n’est décodé.</translation>
    </message>
</context>
<context>
    <name>MessageLine</name>
    <message>
        <source>shows every key</source>
        <translation>montre toutes les touches</translation>
    </message>
    <message>
        <source>finds every command</source>
        <translation>trouve toutes les commandes</translation>
    </message>
    <message>
        <source>Reverse all {many}</source>
        <translation>Inverser les {many}</translation>
    </message>
    <message>
        <source>Approve instead</source>
        <translation>Approuver plutôt</translation>
    </message>
    <message>
        <source>Reject instead</source>
        <translation>Rejeter plutôt</translation>
    </message>
    <message>
        <source>{effects} Press {key} again to do it.</source>
        <translation>{effects} Appuyer encore sur {key} pour le faire.</translation>
    </message>
</context>
<context>
    <name>NetworkLink</name>
    <message>
        <source>The network process ended ({ending}) and is started again.</source>
        <translation>Le processus réseau s’est terminé ({ending}) et redémarre.</translation>
    </message>
    <message>
        <source>The network process cannot be started ({strerror}).</source>
        <translation>Le processus réseau ne démarre pas ({strerror}).</translation>
    </message>
</context>
<context>
    <name>NetworkPrefetch</name>
    <message>
        <source>This picture was destroyed here for good; it is not fetched again.</source>
        <translation>Cette image a été détruite ici pour de bon ; elle n’est plus chargée.</translation>
    </message>
    <message>
        <source>The service delivers no rejected images, so there is no picture to look at. It can be skipped; approved elsewhere, it is delivered again.</source>
        <translation>Le service ne livre pas les images rejetées, il n’y a donc rien à regarder. Elle peut être passée ; approuvée ailleurs, elle est de nouveau livrée.</translation>
    </message>
    <message>
        <source>The service gives no address for this image.</source>
        <translation>Le service ne donne pas d’adresse pour cette image.</translation>
    </message>
    <message>
        <source>The image cache has no room for it.</source>
        <translation>Le cache d’images n’a pas de place pour elle.</translation>
    </message>
</context>
<context>
    <name>NetworkProcess</name>
    <message>
        <source>Another station is at work here.</source>
        <translation>Une autre station travaille ici.</translation>
    </message>
</context>
<context>
    <name>OfflineTrip</name>
    <message>
        <source>There is no room for so many any more.</source>
        <translation>Il n’y a plus de place pour autant.</translation>
    </message>
</context>
<context>
    <name>Outbox</name>
    <message>
        <source>The picture was replaced after it was decided.</source>
        <translation>L’image a été remplacée après sa décision.</translation>
    </message>
    <message>
        <source>The service says {status}.</source>
        <translation>Le service dit : {status}.</translation>
    </message>
    <message>
        <source>Replaced by a newer decision.</source>
        <translation>Remplacée par une décision plus récente.</translation>
    </message>
    <message>
        <source>The program ended while this was being posted.</source>
        <translation>Le programme s’est terminé pendant cet envoi.</translation>
    </message>
    <message>
        <source>Taken back.</source>
        <translation>Reprise.</translation>
    </message>
    <message>
        <source>Dropped.</source>
        <translation>Abandonnée.</translation>
    </message>
    <message>
        <source>Theirs was accepted.</source>
        <translation>L’autre décision a été acceptée.</translation>
    </message>
    <message>
        <source>To be looked at again.</source>
        <translation>À regarder de nouveau.</translation>
    </message>
</context>
<context>
    <name>OutboxDialog</name>
    <message>
        <source>Try again</source>
        <translation>Réessayer</translation>
    </message>
    <message>
        <source>Post this decision once more.</source>
        <translation>Envoyer encore une fois cette décision.</translation>
    </message>
    <message>
        <source>Post this one</source>
        <translation>Envoyer celle-ci</translation>
    </message>
    <message>
        <source>Post this decision now.</source>
        <translation>Envoyer cette décision maintenant.</translation>
    </message>
    <message>
        <source>Drop…</source>
        <translation>Écarter…</translation>
    </message>
    <message>
        <source>Never post this decision; the image may come back.</source>
        <translation>Ne jamais envoyer cette décision ; l’image peut revenir.</translation>
    </message>
    <message>
        <source>Keep mine</source>
        <translation>Garder la mienne</translation>
    </message>
    <message>
        <source>Post your verdict over the other one.</source>
        <translation>Envoyer votre verdict par-dessus l’autre.</translation>
    </message>
    <message>
        <source>Accept theirs</source>
        <translation>Accepter l’autre</translation>
    </message>
    <message>
        <source>Leave the image as the other one decided.</source>
        <translation>Laisser l’image comme l’autre l’a décidée.</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Revoir</translation>
    </message>
    <message>
        <source>Bring the image back into the queue.</source>
        <translation>Ramener l’image dans la file.</translation>
    </message>
    <message>
        <source>Outbox</source>
        <translation>Boîte d’envoi</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Lecture…</translation>
    </message>
    <message>
        <source>Decisions that are not posted</source>
        <translation>Décisions non envoyées</translation>
    </message>
    <message>
        <source>Why it is dropped; kept in the record</source>
        <translation>Pourquoi l’écarter ; gardé dans le journal</translation>
    </message>
    <message>
        <source>Why it is dropped</source>
        <translation>Pourquoi l’écarter</translation>
    </message>
    <message>
        <source>Drop it</source>
        <translation>Écarter</translation>
    </message>
    <message>
        <source>It is never posted.</source>
        <translation>Elle n’est jamais envoyée.</translation>
    </message>
    <message>
        <source>Ask the service again, whatever stopped the outbox.</source>
        <translation>Redemander au service, quoi qui ait arrêté la boîte d’envoi.</translation>
    </message>
    <message>
        <source>Try all now</source>
        <translation>Tout réessayer</translation>
    </message>
    <message>
        <source>Post what is held for undo.</source>
        <translation>Envoyer ce qui est encore retenu.</translation>
    </message>
    <message>
        <source>Post held</source>
        <translation>Envoyer retenues</translation>
    </message>
    <message>
        <source>Page before</source>
        <translation>Page avant</translation>
    </message>
    <message>
        <source>Next page</source>
        <translation>Page suivante</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Fermer (Échap)</translation>
    </message>
    <message>
        <source>Page {page}</source>
        <translation>Page {page}</translation>
    </message>
</context>
<context>
    <name>OutboxWords</name>
    <message>
        <source>held for undo</source>
        <translation>retenue</translation>
    </message>
    <message>
        <source>to be posted</source>
        <translation>à envoyer</translation>
    </message>
    <message>
        <source>being posted</source>
        <translation>en cours d’envoi</translation>
    </message>
    <message>
        <source>stuck</source>
        <translation>bloquée</translation>
    </message>
    <message>
        <source>conflict</source>
        <translation>conflit</translation>
    </message>
    <message>
        <source>decided {when} by {actor}</source>
        <translation>décidée {when} par {actor}</translation>
    </message>
    <message>
        <source>you</source>
        <translation>vous</translation>
    </message>
    <message>
        <source>tried once|tried {n} times</source>
        <translation>essayée une fois|essayée {n} fois</translation>
    </message>
    <message>
        <source>posted in {seconds}</source>
        <translation>envoi dans {seconds}</translation>
    </message>
    <message>
        <source>next try in {seconds}</source>
        <translation>nouvel essai dans {seconds}</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} s</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} min</translation>
    </message>
    <message>
        <source>Another picture was uploaded under this name meanwhile; look at it first.</source>
        <translation>Une autre image a été déposée sous ce nom ; la regarder d’abord.</translation>
    </message>
    <message>
        <source>Meanwhile the service says {theirs}.</source>
        <translation>Entre-temps le service dit : {theirs}.</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>Verdict</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Quand</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Qui</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Pourquoi</translation>
    </message>
    <message>
        <source>no reason given</source>
        <translation>aucun motif donné</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Note</translation>
    </message>
    <message>
        <source>none</source>
        <translation>aucune</translation>
    </message>
    <message>
        <source>the service does not say</source>
        <translation>le service ne le dit pas</translation>
    </message>
    <message>
        <source>another picture was uploaded</source>
        <translation>une autre image a été déposée</translation>
    </message>
    <message>
        <source>Everything is posted.</source>
        <translation>Tout est envoyé.</translation>
    </message>
    <message>
        <source>{n} decision waits; nothing is posted while you are offline.|{n} decisions wait; nothing is posted while you are offline.</source>
        <translation>{n} décision attend ; rien n’est envoyé hors ligne.|{n} décisions attendent ; rien n’est envoyé hors ligne.</translation>
    </message>
    <message>
        <source>Tried again at {when}.</source>
        <translation>Nouvel essai à {when}.</translation>
    </message>
    <message>
        <source>{key} tries again now.</source>
        <translation>{key} réessaie maintenant.</translation>
    </message>
    <message>
        <source>{n} decision cannot go on without you.|{n} decisions cannot go on without you.</source>
        <translation>{n} décision n’avance pas sans vous.|{n} décisions n’avancent pas sans vous.</translation>
    </message>
    <message>
        <source>The others are posted by themselves.</source>
        <translation>Les autres partent d’elles-mêmes.</translation>
    </message>
    <message>
        <source>These are posted by themselves; nothing is to be done.</source>
        <translation>Celles-ci partent d’elles-mêmes ; il n’y a rien à faire.</translation>
    </message>
</context>
<context>
    <name>Overlay</name>
    <message>
        <source>Close (Esc)</source>
        <translation>Fermer (Échap)</translation>
    </message>
</context>
<context>
    <name>Overriding</name>
    <message>
        <source>What is {status} is overridden one image at a time.</source>
        <translation>Ce qui est {status} s’annule une image à la fois.</translation>
    </message>
    <message>
        <source>This image is {status} already; nothing is to be posted.</source>
        <translation>Cette image est déjà {status} ; rien n’est à envoyer.</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>none</source>
        <translation>aucune</translation>
    </message>
    <message>
        <source>{title}. {help} Key: {keys}.</source>
        <translation>{title}. {help} Touche : {keys}.</translation>
    </message>
    <message>
        <source>Reject: {reason}</source>
        <translation>Rejeter : {reason}</translation>
    </message>
    <message>
        <source>“{title}” decides, and Enter never decides: close this, use its button.</source>
        <translation>« {title} » décide, et Entrée ne décide jamais : fermer ceci, utiliser son bouton.</translation>
    </message>
    <message>
        <source>“{title}” decides, and Enter never decides: close this and press {key}.</source>
        <translation>« {title} » décide, et Entrée ne décide jamais : fermer ceci et appuyer sur {key}.</translation>
    </message>
</context>
<context>
    <name>Parsing</name>
    <message>
        <source>The answer is nested too deeply.</source>
        <translation>La réponse est imbriquée trop profondément.</translation>
    </message>
    <message>
        <source>The answer is not JSON.</source>
        <translation>La réponse n’est pas du JSON.</translation>
    </message>
    <message>
        <source>The answer is not a JSON object.</source>
        <translation>La réponse n’est pas un objet JSON.</translation>
    </message>
    <message>
        <source>The answer is not a list of images.</source>
        <translation>La réponse n’est pas une liste d’images.</translation>
    </message>
</context>
<context>
    <name>Past</name>
    <message>
        <source>The answer holds no decisions.</source>
        <translation>La réponse ne contient aucune décision.</translation>
    </message>
</context>
<context>
    <name>Paths</name>
    <message>
        <source>The folder {folder} cannot be made: {why}.</source>
        <translation>Le dossier {folder} ne peut pas être créé : {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be written: {why}.</source>
        <translation>{path} ne peut pas être écrit : {why}.</translation>
    </message>
</context>
<context>
    <name>Policies</name>
    <message>
        <source>the last good one</source>
        <translation>la dernière bonne</translation>
    </message>
    <message>
        <source>the shipped one</source>
        <translation>celle d’origine</translation>
    </message>
    <message>
        <source>{error} {title} ({version}), {name}, is in use instead, and every image starts covered.</source>
        <translation>{error} {title} ({version}), {name}, est utilisée à la place, et chaque image commence masquée.</translation>
    </message>
    <message>
        <source>The policy cannot be kept for the day its file is wrong. {error}</source>
        <translation>La politique ne peut pas être gardée pour le jour où son fichier est faux. {error}</translation>
    </message>
</context>
<context>
    <name>Policy</name>
    <message>
        <source>Default policy</source>
        <translation>Politique par défaut</translation>
    </message>
    <message>
        <source>Nudity</source>
        <translation>Nudité</translation>
    </message>
    <message>
        <source>Bare genitals, buttocks or female nipples outside medicine, breast-feeding and art.</source>
        <translation>Organes génitaux, fesses ou mamelons féminins nus, hors médecine, allaitement et art.</translation>
    </message>
    <message>
        <source>A mother who nurses her child</source>
        <translation>Une mère qui allaite son enfant</translation>
    </message>
    <message>
        <source>A marble statue</source>
        <translation>Une statue de marbre</translation>
    </message>
    <message>
        <source>A scar after surgery</source>
        <translation>Une cicatrice après une opération</translation>
    </message>
    <message>
        <source>A nude selfie</source>
        <translation>Un selfie nu</translation>
    </message>
    <message>
        <source>A see-through dress that hides nothing</source>
        <translation>Une robe transparente qui ne cache rien</translation>
    </message>
    <message>
        <source>Adult sexual content</source>
        <translation>Contenu sexuel adulte</translation>
    </message>
    <message>
        <source>Sexual acts, arousal or services, shown or offered, photographed or drawn.</source>
        <translation>Actes sexuels, excitation ou services, montrés ou proposés, photographiés ou dessinés.</translation>
    </message>
    <message>
        <source>A couple who kiss</source>
        <translation>Un couple qui s’embrasse</translation>
    </message>
    <message>
        <source>Swimwear on a beach</source>
        <translation>Des maillots de bain à la plage</translation>
    </message>
    <message>
        <source>A sexual act, also drawn</source>
        <translation>Un acte sexuel, même dessiné</translation>
    </message>
    <message>
        <source>An offer of sexual services</source>
        <translation>Une offre de services sexuels</translation>
    </message>
    <message>
        <source>Graphic violence</source>
        <translation>Violence crue</translation>
    </message>
    <message>
        <source>Open wounds, corpses, torture or cruelty to animals, shown to shock or to praise.</source>
        <translation>Plaies ouvertes, cadavres, torture ou cruauté envers les animaux, pour choquer ou glorifier.</translation>
    </message>
    <message>
        <source>A news photo of smoke over a town</source>
        <translation>Une photo de presse de fumée sur une ville</translation>
    </message>
    <message>
        <source>A bandaged hand</source>
        <translation>Une main bandée</translation>
    </message>
    <message>
        <source>An open wound in close-up</source>
        <translation>Une plaie ouverte en gros plan</translation>
    </message>
    <message>
        <source>An animal that is being beaten</source>
        <translation>Un animal que l’on bat</translation>
    </message>
    <message>
        <source>Hate</source>
        <translation>Haine</translation>
    </message>
    <message>
        <source>Attacks on people for what they are; symbols of hate groups without news or teaching.</source>
        <translation>Attaques contre des personnes pour ce qu’elles sont ; symboles de groupes haineux sans information ni enseignement.</translation>
    </message>
    <message>
        <source>A museum display of a banned flag</source>
        <translation>Un drapeau interdit exposé au musée</translation>
    </message>
    <message>
        <source>A photo from a history lesson</source>
        <translation>Une photo d’un cours d’histoire</translation>
    </message>
    <message>
        <source>A slur over somebody’s portrait</source>
        <translation>Une injure sur le portrait de quelqu’un</translation>
    </message>
    <message>
        <source>A salute in front of a banned symbol</source>
        <translation>Un salut devant un symbole interdit</translation>
    </message>
    <message>
        <source>Self-harm</source>
        <translation>Automutilation</translation>
    </message>
    <message>
        <source>Self-injury, suicide or eating disorders, shown, praised or taught.</source>
        <translation>Automutilation, suicide ou troubles alimentaires, montrés, loués ou enseignés.</translation>
    </message>
    <message>
        <source>The number of a helpline</source>
        <translation>Le numéro d’une ligne d’aide</translation>
    </message>
    <message>
        <source>Old scars in a story of recovery</source>
        <translation>De vieilles cicatrices dans un récit de guérison</translation>
    </message>
    <message>
        <source>Fresh cuts</source>
        <translation>Des coupures fraîches</translation>
    </message>
    <message>
        <source>Praise of starving</source>
        <translation>L’éloge du jeûne extrême</translation>
    </message>
    <message>
        <source>Drugs, weapons, banned goods</source>
        <translation>Drogues, armes, interdits</translation>
    </message>
    <message>
        <source>Offers or praise of drugs, weapons, wildlife or anything else that may not be sold.</source>
        <translation>Offres ou éloges de drogues, d’armes, d’animaux sauvages ou de tout ce qui ne peut se vendre.</translation>
    </message>
    <message>
        <source>A kitchen knife in a cookery class</source>
        <translation>Un couteau dans un cours de cuisine</translation>
    </message>
    <message>
        <source>A glass of wine</source>
        <translation>Un verre de vin</translation>
    </message>
    <message>
        <source>Pills with a price</source>
        <translation>Des pilules avec un prix</translation>
    </message>
    <message>
        <source>A pistol for sale</source>
        <translation>Un pistolet à vendre</translation>
    </message>
    <message>
        <source>Scam, phishing, impersonation</source>
        <translation>Arnaque, phishing, usurpation</translation>
    </message>
    <message>
        <source>Fake profiles, offers or sign-in pages; codes and links made to deceive.</source>
        <translation>Faux profils, offres ou pages de connexion ; codes et liens faits pour tromper.</translation>
    </message>
    <message>
        <source>A shop’s own advertisement</source>
        <translation>La publicité d’une boutique pour elle-même</translation>
    </message>
    <message>
        <source>A code on a poster of a known event</source>
        <translation>Un code sur l’affiche d’un événement connu</translation>
    </message>
    <message>
        <source>A copied sign-in page</source>
        <translation>Une page de connexion copiée</translation>
    </message>
    <message>
        <source>A giveaway in a celebrity’s name</source>
        <translation>Un jeu-concours au nom d’une célébrité</translation>
    </message>
    <message>
        <source>Copyright or trademark</source>
        <translation>Droit d’auteur ou marque</translation>
    </message>
    <message>
        <source>Someone else&apos;s work or mark: visible watermark, screenshot of a shop, counterfeit goods.</source>
        <translation>L’œuvre ou la marque d’autrui : filigrane visible, capture d’une boutique, contrefaçons.</translation>
    </message>
    <message>
        <source>A photo of the goods by their seller</source>
        <translation>Une photo de l’article par son vendeur</translation>
    </message>
    <message>
        <source>A parody that is plainly one</source>
        <translation>Une parodie qui en est clairement une</translation>
    </message>
    <message>
        <source>A stock photo with its watermark</source>
        <translation>Une photo d’agence avec son filigrane</translation>
    </message>
    <message>
        <source>A handbag with a false label</source>
        <translation>Un sac avec une fausse étiquette</translation>
    </message>
    <message>
        <source>Personal data exposed</source>
        <translation>Données personnelles</translation>
    </message>
    <message>
        <source>Readable papers, cards, number plates, addresses or medical records of a person.</source>
        <translation>Papiers, cartes, plaques, adresses ou dossiers médicaux lisibles d’une personne.</translation>
    </message>
    <message>
        <source>A face in a crowd</source>
        <translation>Un visage dans la foule</translation>
    </message>
    <message>
        <source>A number plate that cannot be read</source>
        <translation>Une plaque illisible</translation>
    </message>
    <message>
        <source>A passport</source>
        <translation>Un passeport</translation>
    </message>
    <message>
        <source>A letter with name and address</source>
        <translation>Une lettre avec nom et adresse</translation>
    </message>
    <message>
        <source>Quality, off-topic, other</source>
        <translation>Qualité, hors sujet, autre</translation>
    </message>
    <message>
        <source>Unusable, a duplicate, out of place, or against a rule that has no key of its own.</source>
        <translation>Inutilisable, en double, déplacé, ou contre une règle sans touche à elle.</translation>
    </message>
    <message>
        <source>A dark photo that can still be made out</source>
        <translation>Une photo sombre encore reconnaissable</translation>
    </message>
    <message>
        <source>Nothing but blur</source>
        <translation>Rien que du flou</translation>
    </message>
    <message>
        <source>The same photo for the third time</source>
        <translation>La même photo pour la troisième fois</translation>
    </message>
    <message>
        <source>A screenshot of a menu</source>
        <translation>Une capture d’un menu</translation>
    </message>
    <message>
        <source>Intimate image without consent</source>
        <translation>Image intime sans accord</translation>
    </message>
    <message>
        <source>A real or faked intimate image of someone who, as far as can be seen, did not agree.</source>
        <translation>Une image intime, vraie ou truquée, de quelqu’un qui, à ce qu’on voit, n’a pas consenti.</translation>
    </message>
    <message>
        <source>A hidden camera</source>
        <translation>Une caméra cachée</translation>
    </message>
    <message>
        <source>A face put on somebody else’s body</source>
        <translation>Un visage mis sur le corps d’un autre</translation>
    </message>
    <message>
        <source>Suspected child abuse</source>
        <translation>Soupçon d’abus d’enfant</translation>
    </message>
    <message>
        <source>Anything that may sexualise or abuse a child. Do not copy, share or describe it; escalate.</source>
        <translation>Tout ce qui peut sexualiser un enfant ou en abuser. Ne pas copier, partager ni décrire ; escalader.</translation>
    </message>
    <message>
        <source>Terrorist content</source>
        <translation>Contenu terroriste</translation>
    </message>
    <message>
        <source>Propaganda, recruitment, instructions or praise of attacks by a terrorist group.</source>
        <translation>Propagande, recrutement, instructions ou éloge d’attentats par un groupe terroriste.</translation>
    </message>
    <message>
        <source>A news photo of an attack</source>
        <translation>Une photo de presse d’un attentat</translation>
    </message>
    <message>
        <source>A recruiting poster</source>
        <translation>Une affiche de recrutement</translation>
    </message>
    <message>
        <source>Instructions for a weapon</source>
        <translation>Des instructions pour une arme</translation>
    </message>
    <message>
        <source>Tell the person whom your site has named for such cases now, and give them the public ID only. Do not open the image again, and do not copy, forward or describe it. If you need a break, take it.</source>
        <translation>Prévenez maintenant la personne que votre site a désignée pour ces cas, et ne lui donnez que l’identifiant public. N’ouvrez plus l’image, et ne la copiez, transmettez ni décrivez. S’il vous faut une pause, prenez-la.</translation>
    </message>
</context>
<context>
    <name>PolicyFile</name>
    <message>
        <source>The policy file is not valid TOML: {error}</source>
        <translation>Le fichier de politique n’est pas du TOML valide : {error}</translation>
    </message>
    <message>
        <source>The policy file has no [policy] table.</source>
        <translation>Le fichier de politique n’a pas de table [policy].</translation>
    </message>
    <message>
        <source>“reason” in the policy file must be a list of [[reason]] tables.</source>
        <translation>« reason » dans le fichier de politique doit être une liste de tables [[reason]].</translation>
    </message>
    <message>
        <source>The policy file has no version in its [policy] table.</source>
        <translation>Le fichier de politique n’a pas de version dans sa table [policy].</translation>
    </message>
    <message>
        <source>The policy file</source>
        <translation>Le fichier de politique</translation>
    </message>
    <message>
        <source>[policy]: require_reason = true, but there is no [[reason]].</source>
        <translation>[policy] : require_reason = true, mais il n’y a pas de [[reason]].</translation>
    </message>
    <message>
        <source>{where} of the policy file must be a table.</source>
        <translation>{where} du fichier de politique doit être une table.</translation>
    </message>
    <message>
        <source>{where}: protection must be one of {modes}.</source>
        <translation>{where} : protection doit être l’un de {modes}.</translation>
    </message>
    <message>
        <source>reason {number} of the policy file</source>
        <translation>motif {number} du fichier de politique</translation>
    </message>
    <message>
        <source>{where} is not a table.</source>
        <translation>{where} : ce n’est pas une table.</translation>
    </message>
    <message>
        <source>{where} has no code.</source>
        <translation>{where} : il n’y a pas de code.</translation>
    </message>
    <message>
        <source>{where} has no title.</source>
        <translation>{where} : il n’y a pas de titre (title).</translation>
    </message>
    <message>
        <source>{where}: the key must be one digit or empty, not “{key}”.</source>
        <translation>{where} : key doit être un chiffre ou vide, et non « {key} ».</translation>
    </message>
    <message>
        <source>{where}: sor = true needs a category of the transparency database.</source>
        <translation>{where} : sor = true exige une catégorie (category) de la base de données de transparence.</translation>
    </message>
    <message>
        <source>{where}: a reason with escalate = true or bulk = false must not have a digit; write key = “” instead of “{key}”.</source>
        <translation>{where} : un motif avec escalate = true ou bulk = false ne doit pas avoir de chiffre ; écrire key = “” au lieu de « {key} ».</translation>
    </message>
    <message>
        <source>{where}: {name} must be true or false.</source>
        <translation>{where} : {name} doit être true ou false.</translation>
    </message>
    <message>
        <source>{where}: {name} must be a whole number from {least} to {most}.</source>
        <translation>{where} : {name} doit être un nombre entier de {least} à {most}.</translation>
    </message>
    <message>
        <source>{where}: {name} must be text in quotes.</source>
        <translation>{where} : {name} doit être un texte entre guillemets.</translation>
    </message>
    <message>
        <source>{where}: {name} must be a list of texts in quotes.</source>
        <translation>{where} : {name} doit être une liste de textes entre guillemets.</translation>
    </message>
    <message>
        <source>{where}: {what} must be a name in capitals, not “{value}”.</source>
        <translation>{where} : {what} doit être un nom en majuscules, et non « {value} ».</translation>
    </message>
    <message>
        <source>{where}: write {what} “{value}” without its prefix.</source>
        <translation>{where} : écrire {what} « {value} » sans son préfixe.</translation>
    </message>
    <message>
        <source>{where} has no “{name}”.</source>
        <translation>{where} : « {name} » n’existe pas.</translation>
    </message>
    <message>
        <source>The policy file uses the {what} “{value}” twice.</source>
        <translation>Le fichier de politique emploie deux fois {what} « {value} ».</translation>
    </message>
</context>
<context>
    <name>PolicySheet</name>
    <message>
        <source>This policy names no reasons.</source>
        <translation>Cette politique ne donne aucun motif.</translation>
    </message>
    <message>
        <source>{title} · version {version}</source>
        <translation>{title} · version {version}</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Politique</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Rejeté</translation>
    </message>
    <message>
        <source>Allowed</source>
        <translation>Permis</translation>
    </message>
</context>
<context>
    <name>PolicyWords</name>
    <message>
        <source>Form</source>
        <translation>Forme</translation>
    </message>
    <message>
        <source>Minor</source>
        <translation>Mineur</translation>
    </message>
    <message>
        <source>Serious</source>
        <translation>Sérieux</translation>
    </message>
    <message>
        <source>Severe</source>
        <translation>Grave</translation>
    </message>
    <message>
        <source>Every rejection needs a reason.</source>
        <translation>Chaque rejet demande un motif.</translation>
    </message>
    <message>
        <source>A covered image may be approved without a look.</source>
        <translation>Une image masquée peut être approuvée sans regard.</translation>
    </message>
    <message>
        <source>Every image starts covered.</source>
        <translation>Chaque image commence masquée.</translation>
    </message>
    <message>
        <source>Every image starts covered, unless you chose never to cover.</source>
        <translation>Chaque image commence masquée, sauf si vous avez choisi « jamais ».</translation>
    </message>
    <message>
        <source>What a machine or this policy warns of starts covered.</source>
        <translation>Ce dont une machine ou cette politique avertit commence masqué.</translation>
    </message>
    <message>
        <source>Covers have a strength of at least {blur} of 10.</source>
        <translation>Les masques ont une force d’au moins {blur} sur 10.</translation>
    </message>
    <message>
        <source>Images are shown without colour.</source>
        <translation>Les images sont affichées sans couleur.</translation>
    </message>
    <message>
        <source>the form is refused, not what is shown</source>
        <translation>la forme est refusée, pas ce qui est montré</translation>
    </message>
    <message>
        <source>the image is covered from then on</source>
        <translation>l’image est masquée dès lors</translation>
    </message>
    <message>
        <source>every copy on this machine is destroyed</source>
        <translation>chaque copie sur cette machine est détruite</translation>
    </message>
    <message>
        <source>it is asked for twice and ends in what to do next</source>
        <translation>c’est demandé deux fois et finit par la marche à suivre</translation>
    </message>
    <message>
        <source>never given to many images at once</source>
        <translation>jamais donné à beaucoup d’images à la fois</translation>
    </message>
    <message>
        <source>No statement of reasons.</source>
        <translation>Pas d’exposé des motifs.</translation>
    </message>
    <message>
        <source>Statement of reasons: {category}.</source>
        <translation>Exposé des motifs : {category}.</translation>
    </message>
    <message>
        <source>other violation of the terms</source>
        <translation>autre violation des conditions</translation>
    </message>
</context>
<context>
    <name>Pull</name>
    <message>
        <source>The listing does not get any further.</source>
        <translation>La liste n’avance plus.</translation>
    </message>
    <message>
        <source>{kind} cannot be listed: {error}</source>
        <translation>{kind} ne peut pas être listé : {error}</translation>
    </message>
</context>
<context>
    <name>Push</name>
    <message>
        <source>The service lets this key read, but takes no decision from it. Posting is paused and nothing is lost; it goes on once the key may update images.</source>
        <translation>Le service laisse cette clé lire, mais n’en prend aucune décision. L’envoi est suspendu et rien n’est perdu ; il reprend dès que la clé peut modifier les images.</translation>
    </message>
</context>
<context>
    <name>QueueActions</name>
    <message>
        <source>There is no image to escalate.</source>
        <translation>Il n’y a pas d’image à escalader.</translation>
    </message>
    <message>
        <source>There is no filter.</source>
        <translation>Il n’y a pas de filtre.</translation>
    </message>
    <message>
        <source>Only what was rejected for its form is shown; the same key goes back.</source>
        <translation>Seul ce qui a été rejeté pour sa forme est montré ; la même touche revient.</translation>
    </message>
    <message>
        <source>Back to what you looked at before.</source>
        <translation>Retour à ce qui était affiché avant.</translation>
    </message>
    <message>
        <source>Only what waits has another order.</source>
        <translation>Seul ce qui attend a un autre ordre.</translation>
    </message>
    <message>
        <source>Order: {order}.</source>
        <translation>Ordre : {order}.</translation>
    </message>
</context>
<context>
    <name>QueueVerbs</name>
    <message>
        <source>There is no image to skip.</source>
        <translation>Il n’y a pas d’image à passer.</translation>
    </message>
    <message>
        <source>Taken back: skip of {name}.</source>
        <translation>Repris : passage de {name}.</translation>
    </message>
    <message>
        <source>There is no image to escalate.</source>
        <translation>Il n’y a pas d’image à escalader.</translation>
    </message>
    <message>
        <source>Escalated: {name} waits for a second opinion.</source>
        <translation>Escaladée : {name} attend un second avis.</translation>
    </message>
    <message>
        <source>Taken back: escalation of {name}.</source>
        <translation>Reprise : escalade de {name}.</translation>
    </message>
    <message>
        <source>There is no image to flag.</source>
        <translation>Il n’y a pas d’image à signaler.</translation>
    </message>
    <message>
        <source>Flagged: {name}.</source>
        <translation>Signalée : {name}.</translation>
    </message>
    <message>
        <source>Flag removed: {name}.</source>
        <translation>Signet retiré : {name}.</translation>
    </message>
    <message>
        <source>On the stage: {name}.</source>
        <translation>Sur la scène : {name}.</translation>
    </message>
    <message>
        <source>Brought back: {name}.</source>
        <translation>Ramenée : {name}.</translation>
    </message>
    <message>
        <source>Not saved, the image is back. {title}: {message}</source>
        <translation>Non enregistré, l’image est revenue. {title} : {message}</translation>
    </message>
    <message>
        <source>{name} waits no more: it was decided meanwhile.</source>
        <translation>{name} n’attend plus : décidée entre-temps.</translation>
    </message>
    <message>
        <source>Not done. {title}: {message}</source>
        <translation>Non fait. {title} : {message}</translation>
    </message>
    <message>
        <source>Only what still waits can be escalated.</source>
        <translation>Seul ce qui attend encore peut être escaladé.</translation>
    </message>
</context>
<context>
    <name>QueueWindow</name>
    <message>
        <source>waiting</source>
        <translation>en attente</translation>
    </message>
    <message>
        <source>current</source>
        <translation>actuelle</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>approuvée</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rejetée</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>passée</translation>
    </message>
    <message>
        <source>escalated</source>
        <translation>escaladée</translation>
    </message>
</context>
<context>
    <name>QueuesSheet</name>
    <message>
        <source>Queues</source>
        <translation>Files</translation>
    </message>
    <message>
        <source>Review (Enter)</source>
        <translation>Modérer (Entrée)</translation>
    </message>
    <message>
        <source>Tick ({key})</source>
        <translation>Cocher ({key})</translation>
    </message>
    <message>
        <source>What to review</source>
        <translation>Que modérer</translation>
    </message>
    <message>
        <source>Reading what is here…</source>
        <translation>Lecture de ce qui est ici…</translation>
    </message>
    <message>
        <source>Ticked queues of one state are reviewed as one. Approved and rejected images can be overridden: the key says first what that does.</source>
        <translation>Les files cochées d’un même état se modèrent ensemble. Les images approuvées et rejetées peuvent être annulées : la touche dit d’abord ce que cela fait.</translation>
    </message>
    <message>
        <source>{count} here</source>
        <translation>{count} ici</translation>
    </message>
    <message>
        <source>under review</source>
        <translation>en cours</translation>
    </message>
</context>
<context>
    <name>ReasonStrip</name>
    <message>
        <source>Reasons for the rejection</source>
        <translation>Motifs du rejet</translation>
    </message>
    <message>
        <source>Reject – for which reason?</source>
        <translation>Rejeter – pour quel motif ?</translation>
    </message>
</context>
<context>
    <name>ReasonsDialog</name>
    <message>
        <source>More reasons</source>
        <translation>Plus de motifs</translation>
    </message>
    <message>
        <source>Reject with a reason that has no key</source>
        <translation>Rejeter avec un motif sans touche</translation>
    </message>
    <message>
        <source>Reasons</source>
        <translation>Motifs</translation>
    </message>
    <message>
        <source>&amp;Reject</source>
        <translation>&amp;Rejeter</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Choose the reason that fits best.</source>
        <translation>Choisir le motif qui convient le mieux.</translation>
    </message>
    <message>
        <source>Every copy on this machine is destroyed at once.</source>
        <translation>Chaque copie sur cette machine est détruite aussitôt.</translation>
    </message>
    <message>
        <source>“{title}”: the image is rejected and escalated.{gone}</source>
        <translation>« {title} » : l’image est rejetée et escaladée.{gone}</translation>
    </message>
    <message>
        <source>Yes, &amp;reject and escalate</source>
        <translation>Oui, &amp;rejeter et escalader</translation>
    </message>
    <message>
        <source>Another image is on the stage now.</source>
        <translation>Une autre image est maintenant sur la scène.</translation>
    </message>
    <message>
        <source>Rejected. Now escalate it</source>
        <translation>Rejetée. À escalader maintenant</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Fermer</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>Il n’y a pas d’image à décider.</translation>
    </message>
</context>
<context>
    <name>ReviewSession</name>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Il n’y a pas encore d’image à découvrir.</translation>
    </message>
    <message>
        <source>This is the first image of the queue.</source>
        <translation>C’est la première image de la file.</translation>
    </message>
    <message>
        <source>This is the last image of the queue.</source>
        <translation>C’est la dernière image de la file.</translation>
    </message>
    <message>
        <source>What comes next is still being read.</source>
        <translation>La suite est encore en lecture.</translation>
    </message>
    <message>
        <source>Somebody else settled {name} as {theirs}: see Outbox.</source>
        <translation>Quelqu’un d’autre a réglé {name} comme {theirs} : voir Envois.</translation>
    </message>
</context>
<context>
    <name>Scene</name>
    <message>
        <source>Everything is covered</source>
        <translation>Tout est masqué</translation>
    </message>
    <message>
        <source>Nothing can be decided until you go on.</source>
        <translation>Rien ne peut être décidé avant de continuer.</translation>
    </message>
    <message>
        <source>go on</source>
        <translation>continuer</translation>
    </message>
    <message>
        <source>The image could not be fetched</source>
        <translation>L’image n’a pas pu être chargée</translation>
    </message>
    <message>
        <source>It is not on this machine yet and comes as soon as the service can be reached.</source>
        <translation>Elle n’est pas encore sur cette machine et vient dès que le service est joignable.</translation>
    </message>
    <message>
        <source>It can be decided once it is on the screen.</source>
        <translation>Elle peut être décidée une fois à l’écran.</translation>
    </message>
    <message>
        <source>Loading the image</source>
        <translation>Chargement de l’image</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>passer</translation>
    </message>
    <message>
        <source>next</source>
        <translation>suivante</translation>
    </message>
    <message>
        <source>{text} It can be rejected or skipped, but not approved unseen.</source>
        <translation>{text} Elle peut être rejetée ou passée, mais pas approuvée sans être vue.</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>rejeter</translation>
    </message>
    <message>
        <source>reject with a reason</source>
        <translation>rejeter avec un motif</translation>
    </message>
    <message>
        <source>look again</source>
        <translation>regarder encore</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>annuler</translation>
    </message>
    <message>
        <source>Opening the queue</source>
        <translation>Ouverture de la file</translation>
    </message>
    <message>
        <source>Reading what waits on this machine.</source>
        <translation>Lecture de ce qui attend sur cette machine.</translation>
    </message>
    <message>
        <source>Asking the service</source>
        <translation>Interrogation du service</translation>
    </message>
    <message>
        <source>Nothing waits on this machine yet.</source>
        <translation>Rien n’attend encore sur cette machine.</translation>
    </message>
    <message>
        <source>The service does not accept the key or the secret of this account.</source>
        <translation>Le service n’accepte pas la clé ou le secret de ce compte.</translation>
    </message>
    <message>
        <source>Not signed in</source>
        <translation>Non connecté</translation>
    </message>
    <message>
        <source>Account…</source>
        <translation>Compte…</translation>
    </message>
    <message>
        <source>choose an account</source>
        <translation>choisir un compte</translation>
    </message>
    <message>
        <source>Every image on this machine is decided. More come when the service answers.</source>
        <translation>Chaque image de cette machine est décidée. D’autres viennent quand le service répond.</translation>
    </message>
    <message>
        <source>Nothing left offline</source>
        <translation>Plus rien hors ligne</translation>
    </message>
    <message>
        <source>Nothing fits the filter</source>
        <translation>Rien ne correspond au filtre</translation>
    </message>
    <message>
        <source>No image of this queue is like that.</source>
        <translation>Aucune image de cette file n’est ainsi.</translation>
    </message>
    <message>
        <source>show all</source>
        <translation>tout afficher</translation>
    </message>
    <message>
        <source>No image is {status} here, as far as the service has told.</source>
        <translation>Aucune image n’est dans l’état « {status} » ici, d’après ce que le service a dit.</translation>
    </message>
    <message>
        <source>Every image is decided. New ones appear here by themselves.</source>
        <translation>Chaque image est décidée. Les nouvelles apparaissent ici d’elles-mêmes.</translation>
    </message>
    <message>
        <source>The queue is empty</source>
        <translation>La file est vide</translation>
    </message>
</context>
<context>
    <name>SessionActions</name>
    <message>
        <source>{key} shows what is left to settle.</source>
        <translation>{key} montre ce qui reste à régler.</translation>
    </message>
</context>
<context>
    <name>SessionCharts</name>
    <message>
        <source>Decided by ten minutes</source>
        <translation>Décidées par dix minutes</translation>
    </message>
    <message>
        <source>Rejected by reason</source>
        <translation>Rejetées par motif</translation>
    </message>
    <message>
        <source>Decided by ten minutes: {slots}. Rejected by reason: {reasons}.</source>
        <translation>Décidées par dix minutes : {slots}. Rejetées par motif : {reasons}.</translation>
    </message>
</context>
<context>
    <name>SessionDialog</name>
    <message>
        <source>Counted from the decisions on this machine and kept here; nobody else is told.</source>
        <translation>Compté d’après les décisions de cette machine et gardé ici ; personne d’autre ne le sait.</translation>
    </message>
    <message>
        <source>The charts need pyqtgraph, which is not installed: pip install modstation[charts]</source>
        <translation>Les graphiques demandent pyqtgraph, qui n’est pas installé : pip install modstation[charts]</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Séance</translation>
    </message>
    <message>
        <source>This session</source>
        <translation>Cette séance</translation>
    </message>
    <message>
        <source>Charts</source>
        <translation>Graphiques</translation>
    </message>
    <message>
        <source>Draw the figures.</source>
        <translation>Dessiner les chiffres.</translation>
    </message>
    <message>
        <source>Save as CSV…</source>
        <translation>Enregistrer en CSV…</translation>
    </message>
    <message>
        <source>Write the figures to a file.</source>
        <translation>Écrire les chiffres dans un fichier.</translation>
    </message>
    <message>
        <source>Close the station</source>
        <translation>Fermer la station</translation>
    </message>
    <message>
        <source>Stay (Esc)</source>
        <translation>Rester (Échap)</translation>
    </message>
    <message>
        <source>Back (Esc)</source>
        <translation>Retour (Échap)</translation>
    </message>
    <message>
        <source>Save the figures</source>
        <translation>Enregistrer les chiffres</translation>
    </message>
    <message>
        <source>Saved to {path}.</source>
        <translation>Enregistré dans {path}.</translation>
    </message>
    <message>
        <source>Decided</source>
        <translation>Décidées</translation>
    </message>
    <message>
        <source>{decided}: {approved} approved, {rejected} rejected</source>
        <translation>{decided} : {approved} approuvées, {rejected} rejetées</translation>
    </message>
    <message>
        <source>Time at work</source>
        <translation>Temps de travail</translation>
    </message>
    <message>
        <source>Pace</source>
        <translation>Rythme</translation>
    </message>
    <message>
        <source>{n} image an hour|{n} images an hour</source>
        <translation>{n} image par heure|{n} images par heure</translation>
    </message>
    <message>
        <source>Median per image</source>
        <translation>Médiane par image</translation>
    </message>
    <message>
        <source>Taken back</source>
        <translation>Reprises</translation>
    </message>
    <message>
        <source>Reversed after posting</source>
        <translation>Inversées après envoi</translation>
    </message>
    <message>
        <source>Uncovered</source>
        <translation>Découvert</translation>
    </message>
    <message>
        <source>Severe images seen</source>
        <translation>Images graves vues</translation>
    </message>
    <message>
        <source>Reason: {title}</source>
        <translation>Motif : {title}</translation>
    </message>
    <message>
        <source>This session: {n} decision in {worked}.|This session: {n} decisions in {worked}.</source>
        <translation>Cette séance : {n} décision en {worked}.|Cette séance : {n} décisions en {worked}.</translation>
    </message>
    <message>
        <source>This session: {n} decision in {worked}, {pace} an hour.|This session: {n} decisions in {worked}, {pace} an hour.</source>
        <translation>Cette séance : {n} décision en {worked}, {pace} par heure.|Cette séance : {n} décisions en {worked}, {pace} par heure.</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} s</translation>
    </message>
</context>
<context>
    <name>SessionEvents</name>
    <message>
        <source>{count} images decided at one stroke are posted</source>
        <translation>{count} images décidées d’un coup sont envoyées</translation>
    </message>
    <message>
        <source>{name} is posted as {status}</source>
        <translation>{name} est envoyée comme {status}</translation>
    </message>
    <message>
        <source>that cannot be undone, only reversed. Going on drops this.</source>
        <translation>cela ne s’annule pas, s’inverse seulement. Continuer y renonce.</translation>
    </message>
</context>
<context>
    <name>SessionFigures</name>
    <message>
        <source>{path} cannot be written: {why}.</source>
        <translation>{path} ne peut pas être écrit : {why}.</translation>
    </message>
</context>
<context>
    <name>SettingUp</name>
    <message>
        <source>{message} What you changed counts until you close the window.</source>
        <translation>{message} Ce changement compte jusqu’à la fermeture de la fenêtre.</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>More</source>
        <translation>Plus</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>auto</translation>
    </message>
    <message>
        <source>always</source>
        <translation>toujours</translation>
    </message>
    <message>
        <source>never</source>
        <translation>jamais</translation>
    </message>
    <message>
        <source>dark</source>
        <translation>sombre</translation>
    </message>
    <message>
        <source>light</source>
        <translation>clair</translation>
    </message>
    <message>
        <source>dark, high contrast</source>
        <translation>sombre, fort contraste</translation>
    </message>
    <message>
        <source>light, high contrast</source>
        <translation>clair, fort contraste</translation>
    </message>
    <message>
        <source>system</source>
        <translation>système</translation>
    </message>
    <message>
        <source>oldest</source>
        <translation>anciennes</translation>
    </message>
    <message>
        <source>newest</source>
        <translation>récentes</translation>
    </message>
    <message>
        <source>public</source>
        <translation>publiques</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>incertaines</translation>
    </message>
    <message>
        <source>together</source>
        <translation>ensemble</translation>
    </message>
    <message>
        <source>first</source>
        <translation>au début</translation>
    </message>
    <message>
        <source>Who decides, as it is written into every decision; empty: your log-in.</source>
        <translation>Qui décide, comme écrit dans chaque décision ; vide : votre identifiant.</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>Votre nom</translation>
    </message>
    <message>
        <source>Deciding</source>
        <translation>Décisions</translation>
    </message>
    <message>
        <source>Seconds a decision is held before it is posted, so that undo sends nothing.</source>
        <translation>Secondes pendant lesquelles une décision est retenue avant l’envoi, pour qu’annuler n’envoie rien.</translation>
    </message>
    <message>
        <source>Undo window, seconds</source>
        <translation>Délai d’annulation, secondes</translation>
    </message>
    <message>
        <source>Milliseconds an image must have been on screen before a key decides it.</source>
        <translation>Millisecondes à l’écran avant qu’une touche décide l’image.</translation>
    </message>
    <message>
        <source>Shown before a key counts, ms</source>
        <translation>Affichée avant qu’une touche compte, ms</translation>
    </message>
    <message>
        <source>Cover images: auto (what a machine or the policy warns of), always, never.</source>
        <translation>Masquer les images : auto (ce dont une machine ou la politique avertit), toujours, jamais.</translation>
    </message>
    <message>
        <source>Cover images</source>
        <translation>Masquer les images</translation>
    </message>
    <message>
        <source>Looking</source>
        <translation>Affichage</translation>
    </message>
    <message>
        <source>How strong the cover of a protected image is, from 1 to 10.</source>
        <translation>Force du masque d’une image protégée, de 1 à 10.</translation>
    </message>
    <message>
        <source>Strength of the cover</source>
        <translation>Force du masque</translation>
    </message>
    <message>
        <source>Show images without colour.</source>
        <translation>Afficher les images sans couleur.</translation>
    </message>
    <message>
        <source>Without colour</source>
        <translation>Sans couleur</translation>
    </message>
    <message>
        <source>Colours of the window; system follows the desktop, also in its wish for contrast.</source>
        <translation>Couleurs de la fenêtre ; système suit le bureau, aussi pour le contraste.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Thème</translation>
    </message>
    <message>
        <source>Size of every text, in percent of the usual one.</source>
        <translation>Taille de tous les textes, en pour cent de l’habituelle.</translation>
    </message>
    <message>
        <source>Text size, percent</source>
        <translation>Taille du texte, pour cent</translation>
    </message>
    <message>
        <source>Nothing moves by itself: no playing pictures, no blinking cursor, messages stay; auto: as the desktop asks.</source>
        <translation>Rien ne bouge de soi-même : pas d’images animées, pas de curseur clignotant, les messages restent ; auto : comme le bureau le demande.</translation>
    </message>
    <message>
        <source>Reduce motion</source>
        <translation>Réduire le mouvement</translation>
    </message>
    <message>
        <source>Language of the window; auto: the desktop’s.</source>
        <translation>Langue de la fenêtre ; auto : celle du bureau.</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Langue</translation>
    </message>
    <message>
        <source>Keep zoom and place when the next image comes.</source>
        <translation>Garder zoom et place à l’image suivante.</translation>
    </message>
    <message>
        <source>Keep the zoom</source>
        <translation>Garder le zoom</translation>
    </message>
    <message>
        <source>Moderation kinds that are reviewed unless --kind names others, with commas between.</source>
        <translation>Types de modération examinés si --kind n’en nomme pas d’autres, séparés par des virgules.</translation>
    </message>
    <message>
        <source>Moderation kinds</source>
        <translation>Types de modération</translation>
    </message>
    <message>
        <source>Which waiting image comes first: oldest, newest, public (for longest), unsure, together (copies one after the other).</source>
        <translation>Quelle image vient d’abord : anciennes, récentes, publiques (depuis longtemps), incertaines, ensemble (copies l’une après l’autre).</translation>
    </message>
    <message>
        <source>Order of the queue</source>
        <translation>Ordre de la file</translation>
    </message>
    <message>
        <source>Show nothing of what machines found until the image is decided.</source>
        <translation>Ne rien montrer de ce que les machines ont trouvé avant la décision.</translation>
    </message>
    <message>
        <source>Hide machine verdicts</source>
        <translation>Cacher les avis machine</translation>
    </message>
    <message>
        <source>Longest edge, in pixels, of what is fetched for review; 0: the screen&apos;s.</source>
        <translation>Plus long côté, en pixels, de ce qui est chargé pour modérer ; 0 : celui de l’écran.</translation>
    </message>
    <message>
        <source>Review size, pixels</source>
        <translation>Taille de lecture, pixels</translation>
    </message>
    <message>
        <source>Fetching</source>
        <translation>Chargement</translation>
    </message>
    <message>
        <source>Megabytes the image cache may take on disk.</source>
        <translation>Mégaoctets que le cache d’images peut prendre sur le disque.</translation>
    </message>
    <message>
        <source>Image cache, MB</source>
        <translation>Cache d’images, Mo</translation>
    </message>
    <message>
        <source>Seconds between two looks for new images.</source>
        <translation>Secondes entre deux recherches de nouvelles images.</translation>
    </message>
    <message>
        <source>Look for new images, seconds</source>
        <translation>Chercher de nouvelles images, secondes</translation>
    </message>
    <message>
        <source>Images waiting on this machine above which no more are pulled.</source>
        <translation>Images en attente sur cette machine au-delà desquelles on n’en prend plus.</translation>
    </message>
    <message>
        <source>Images kept waiting here</source>
        <translation>Images gardées en attente</translation>
    </message>
    <message>
        <source>Minutes of work after which a line suggests a break; 0: never.</source>
        <translation>Minutes de travail après lesquelles une ligne propose une pause ; 0 : jamais.</translation>
    </message>
    <message>
        <source>Break minutes</source>
        <translation>Pause après minutes</translation>
    </message>
    <message>
        <source>Severe images seen after which a line suggests a break; 0: never.</source>
        <translation>Images graves après lesquelles une ligne propose une pause ; 0 : jamais.</translation>
    </message>
    <message>
        <source>Break severe</source>
        <translation>Pause après graves</translation>
    </message>
    <message>
        <source>Show the figures of the session before the window closes.</source>
        <translation>Montrer les chiffres de la séance avant la fermeture.</translation>
    </message>
    <message>
        <source>Summary at end</source>
        <translation>Bilan à la fin</translation>
    </message>
    <message>
        <source>Write the reason of a rejection into the image&apos;s context at Cloudinary, one Admin call each; whoever may list the image can read it.</source>
        <translation>Écrire le motif d’un rejet dans le contexte de l’image chez Cloudinary, un appel Admin chacun ; qui peut lister l’image peut le lire.</translation>
    </message>
    <message>
        <source>Write reasons to Cloudinary</source>
        <translation>Écrire les motifs chez Cloudinary</translation>
    </message>
    <message>
        <source>Path of the policy file; empty: policy.toml here, else the shipped one.</source>
        <translation>Chemin du fichier de politique ; vide : policy.toml ici, sinon celui d’origine.</translation>
    </message>
    <message>
        <source>Policy file</source>
        <translation>Fichier de politique</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Fichiers</translation>
    </message>
    <message>
        <source>Name of a shipped keymap (default, prodigy, lightroom, coral, label-studio, left-hand, number-pad) or path of your own file; empty: keymap.toml here, else the default.</source>
        <translation>Nom d’un clavier fourni (default, prodigy, lightroom, coral, label-studio, left-hand, number-pad) ou chemin d’un fichier à vous ; vide : keymap.toml ici, sinon celui par défaut.</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Clavier</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Touches</translation>
    </message>
    <message>
        <source>Letters, digits and signs are keys by themselves; off: only with Alt.</source>
        <translation>Lettres, chiffres et signes sont des touches seuls ; non : avec Alt seulement.</translation>
    </message>
    <message>
        <source>Letters are keys</source>
        <translation>Les lettres sont des touches</translation>
    </message>
    <message>
        <source>Show the most needed keys under the image: for the first 50 decisions, always, never.</source>
        <translation>Montrer les touches les plus utiles sous l’image : aux 50 premières décisions, toujours, jamais.</translation>
    </message>
    <message>
        <source>Key hints</source>
        <translation>Aide des touches</translation>
    </message>
    <message>
        <source>The first steps were shown; off: they are shown at the next start.</source>
        <translation>Les premiers pas ont été montrés ; non : ils le seront au prochain démarrage.</translation>
    </message>
    <message>
        <source>Tour was shown</source>
        <translation>Visite montrée</translation>
    </message>
    <message>
        <source>It takes {allowed}.</source>
        <translation>Valeurs : {allowed}.</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>true ou false</translation>
    </message>
    <message>
        <source>a whole number from {least} to {most}</source>
        <translation>un nombre entier de {least} à {most}</translation>
    </message>
    <message>
        <source>a number from {least} to {most}</source>
        <translation>un nombre de {least} à {most}</translation>
    </message>
    <message>
        <source>names in quotes, with commas between</source>
        <translation>noms entre guillemets, séparés par des virgules</translation>
    </message>
    <message>
        <source>text in quotes</source>
        <translation>texte entre guillemets</translation>
    </message>
    <message>
        <source>There is no setting “{name}”. There are: {names}.</source>
        <translation>Il n’y a pas de réglage « {name} ». Il y a : {names}.</translation>
    </message>
    <message>
        <source>“{name}” must be {allowed}, not {value!r}.</source>
        <translation>« {name} » doit être {allowed}, pas {value!r}.</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
    <message>
        <source>{problem} So every image is covered. What you save here replaces the file.</source>
        <translation>{problem} Chaque image est donc masquée. Ce qui est enregistré ici remplace le fichier.</translation>
    </message>
    <message>
        <source>&amp;Defaults</source>
        <translation>Par &amp;défaut</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>Enregi&amp;strer</translation>
    </message>
    <message>
        <source>Counts after the next start.</source>
        <translation>Compte après le prochain démarrage.</translation>
    </message>
    <message>
        <source>What is marked cannot be saved.</source>
        <translation>Ce qui est marqué ne peut pas être enregistré.</translation>
    </message>
    <message>
        <source>After the next start: {names}. The rest counts at once.</source>
        <translation>Après le prochain démarrage : {names}. Le reste compte aussitôt.</translation>
    </message>
    <message>
        <source>Saved settings count at once.</source>
        <translation>Les réglages enregistrés comptent aussitôt.</translation>
    </message>
</context>
<context>
    <name>SettingsFile</name>
    <message>
        <source>{source} is not valid TOML: {error}.</source>
        <translation>{source} n’est pas du TOML valide : {error}.</translation>
    </message>
    <message>
        <source>it is not UTF-8 text</source>
        <translation>ce n’est pas du texte UTF-8</translation>
    </message>
    <message>
        <source>{path} cannot be read: {why}.</source>
        <translation>{path} est illisible : {why}.</translation>
    </message>
    <message>
        <source>These settings are not allowed: {error}.</source>
        <translation>Ces réglages ne sont pas permis : {error}.</translation>
    </message>
    <message>
        <source>{path} has faults and cannot be replaced: {why}.</source>
        <translation>{path} a des fautes et ne peut pas être remplacé : {why}.</translation>
    </message>
    <message>
        <source>{path} is not UTF-8 text.</source>
        <translation>{path} n’est pas du texte UTF-8.</translation>
    </message>
</context>
<context>
    <name>SettingsForm</name>
    <message>
        <source>Write {allowed}.</source>
        <translation>Écrire {allowed}.</translation>
    </message>
    <message>
        <source>There is no file {value}.</source>
        <translation>Il n’y a pas de fichier {value}.</translation>
    </message>
    <message>
        <source>There is no file {value}; shipped keymaps are {presets}.</source>
        <translation>Il n’y a pas de fichier {value} ; les claviers fournis sont {presets}.</translation>
    </message>
</context>
<context>
    <name>Sheets</name>
    <message>
        <source>Keys · {name} keymap</source>
        <translation>Touches · clavier {name}</translation>
    </message>
    <message>
        <source>Manual</source>
        <translation>Manuel</translation>
    </message>
    <message>
        <source>{help} Keys: {keys}.</source>
        <translation>{help} Touches : {keys}.</translation>
    </message>
    <message>
        <source>none</source>
        <translation>aucune</translation>
    </message>
</context>
<context>
    <name>Shredder</name>
    <message>
        <source>Its copies on this machine were destroyed when it was rejected, and it is never fetched again.</source>
        <translation>Ses copies sur cette machine ont été détruites quand elle a été rejetée, et elle n’est plus jamais chargée.</translation>
    </message>
    <message>
        <source>The copy of the picture could not be destroyed: {message} Run “modstation purge” when the window is closed.</source>
        <translation>La copie de l’image n’a pas pu être détruite : {message} Lancer « modstation purge » une fois la fenêtre fermée.</translation>
    </message>
</context>
<context>
    <name>SpokenChanges</name>
    <message>
        <source>Flagged.</source>
        <translation>Signalée.</translation>
    </message>
    <message>
        <source>Not flagged.</source>
        <translation>Non signalée.</translation>
    </message>
    <message>
        <source>Conflicts: {count}.</source>
        <translation>Conflits : {count}.</translation>
    </message>
    <message>
        <source>Decisions stuck: {count}.</source>
        <translation>Décisions bloquées : {count}.</translation>
    </message>
</context>
<context>
    <name>Stage</name>
    <message>
        <source>Opening the queue</source>
        <translation>Ouverture de la file</translation>
    </message>
    <message>
        <source>Reading what waits on this machine.</source>
        <translation>Lecture de ce qui attend sur cette machine.</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>masquée</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>affichée</translation>
    </message>
    <message>
        <source>Covered – hold {peek} to look, {reveal} uncovers</source>
        <translation>Masquée – tenir {peek} pour regarder, {reveal} découvre</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>Status</source>
        <translation>État</translation>
    </message>
    <message>
        <source>{tip} Tried again at {when}.</source>
        <translation>{tip} Nouvel essai à {when}.</translation>
    </message>
    <message>
        <source>Go online</source>
        <translation>En ligne</translation>
    </message>
    <message>
        <source>{count} left</source>
        <translation>{count} restent</translation>
    </message>
    <message>
        <source>{count} decided</source>
        <translation>{count} décidées</translation>
    </message>
    <message>
        <source>{count}/h</source>
        <translation>{count}/h</translation>
    </message>
    <message>
        <source>{n} image an hour|{n} images an hour</source>
        <translation>{n} image par heure|{n} images par heure</translation>
    </message>
</context>
<context>
    <name>TakingBack</name>
    <message>
        <source>Nothing to redo.</source>
        <translation>Rien à rétablir.</translation>
    </message>
    <message>
        <source>Not undone. {title}: {message}</source>
        <translation>Non annulé. {title} : {message}</translation>
    </message>
    <message>
        <source>Taken back: {label}.</source>
        <translation>Repris : {label}.</translation>
    </message>
    <message>
        <source>{n} more is posted already: the same key reverses it.|{n} more are posted already: the same key reverses them.</source>
        <translation>{n} de plus est déjà envoyée : la même touche l’inverse.|{n} de plus sont déjà envoyées : la même touche les inverse.</translation>
    </message>
    <message>
        <source>Nothing to undo.</source>
        <translation>Rien à annuler.</translation>
    </message>
    <message>
        <source>{count} images will be posted with the opposite verdict.</source>
        <translation>{count} images seront envoyées avec le verdict contraire.</translation>
    </message>
    <message>
        <source>{name} will be posted as {word}.</source>
        <translation>{name} sera envoyée comme {word}.</translation>
    </message>
</context>
<context>
    <name>Tour</name>
    <message>
        <source>Skip (Esc)</source>
        <translation>Passer (Échap)</translation>
    </message>
    <message>
        <source>{at} of {count}</source>
        <translation>{at} sur {count}</translation>
    </message>
    <message>
        <source>Start (Enter)</source>
        <translation>Commencer (Entrée)</translation>
    </message>
    <message>
        <source>Next (Enter)</source>
        <translation>Suite (Entrée)</translation>
    </message>
</context>
<context>
    <name>Translation</name>
    <message>
        <source>The service cannot be reached ({reason}).</source>
        <translation>Le service est injoignable ({reason}).</translation>
    </message>
    <message>
        <source>The connection broke before the answer ({reason}).</source>
        <translation>La connexion a rompu avant la réponse ({reason}).</translation>
    </message>
    <message>
        <source>The service says: {said}</source>
        <translation>Le service dit : {said}</translation>
    </message>
    <message>
        <source>The service answered {status}.</source>
        <translation>Le service a répondu {status}.</translation>
    </message>
    <message>
        <source>The proxy wants a name and a password.</source>
        <translation>Le proxy demande un nom et un mot de passe.</translation>
    </message>
</context>
<context>
    <name>TripDialog</name>
    <message>
        <source>Work offline</source>
        <translation>Travailler hors ligne</translation>
    </message>
    <message>
        <source>Pictures taken along</source>
        <translation>Images emportées</translation>
    </message>
    <message>
        <source>&amp;Images to take along, from the start of the queue:</source>
        <translation>&amp;Images à emporter, depuis le début de la file :</translation>
    </message>
    <message>
        <source>Go offline as soon as they are &amp;here</source>
        <translation>Passer &amp;hors ligne dès qu’elles sont là</translation>
    </message>
    <message>
        <source>Take along</source>
        <translation>Emporter</translation>
    </message>
    <message>
        <source>Fetch these pictures now.</source>
        <translation>Charger ces images maintenant.</translation>
    </message>
    <message>
        <source>Release</source>
        <translation>Lâcher</translation>
    </message>
    <message>
        <source>Keep these pictures no longer than others; decisions are not touched.</source>
        <translation>Ne pas garder ces images plus que d’autres ; les décisions restent intactes.</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Fermer (Échap)</translation>
    </message>
    <message>
        <source>{missing} could not be fetched.</source>
        <translation>{missing} n’ont pas pu être chargées.</translation>
    </message>
    <message>
        <source>{ready} of {n} image here.|{ready} of {n} images here.</source>
        <translation>{ready} image sur {n} ici.|{ready} images sur {n} ici.</translation>
    </message>
    <message>
        <source>{n} image taken along and kept until it is decided and posted, or released.|{n} images taken along and kept until they are decided and posted, or released.</source>
        <translation>{n} image emportée et gardée jusqu’à sa décision et son envoi, ou lâchée.|{n} images emportées et gardées jusqu’à leur décision et leur envoi, ou lâchées.</translation>
    </message>
    <message>
        <source>Images can be taken along while you are online.</source>
        <translation>Les images s’emportent tant que vous êtes en ligne.</translation>
    </message>
    <message>
        <source>Measuring…</source>
        <translation>Mesure…</translation>
    </message>
    <message>
        <source>Nothing waits in the queue.</source>
        <translation>Rien n’attend dans la file.</translation>
    </message>
    <message>
        <source>{n} image needs about {size}|{n} images need about {size}</source>
        <translation>{n} image demande environ {size}|{n} images demandent environ {size}</translation>
    </message>
    <message>
        <source>{needs}; the image cache may take {size} (setting cache_limit_mb). There is room for about {fits}.</source>
        <translation>{needs} ; le cache d’images peut prendre {size} (réglage cache_limit_mb). Il y a de la place pour environ {fits}.</translation>
    </message>
    <message>
        <source>{needs}, {size} are free.</source>
        <translation>{needs}, {size} sont libres.</translation>
    </message>
    <message>
        <source>There is room for about {fits}.</source>
        <translation>Il y a de la place pour environ {fits}.</translation>
    </message>
    <message>
        <source>Back online: nothing was decided on the way.</source>
        <translation>De nouveau en ligne : rien n’a été décidé en route.</translation>
    </message>
    <message>
        <source>{count} posted</source>
        <translation>{count} envoyées</translation>
    </message>
    <message>
        <source>{waiting} still to post</source>
        <translation>{waiting} encore à envoyer</translation>
    </message>
    <message>
        <source>{n} conflict|{n} conflicts</source>
        <translation>{n} conflit|{n} conflits</translation>
    </message>
    <message>
        <source>{count} gone</source>
        <translation>{count} disparues</translation>
    </message>
    <message>
        <source>{count} stuck</source>
        <translation>{count} bloquées</translation>
    </message>
    <message>
        <source>Back online: {what}.</source>
        <translation>De nouveau en ligne : {what}.</translation>
    </message>
</context>
<context>
    <name>UndoLog</name>
    <message>
        <source>Approve {name}</source>
        <translation>approbation de {name}</translation>
    </message>
    <message>
        <source>Reject {name}</source>
        <translation>rejet de {name}</translation>
    </message>
    <message>
        <source>Reject {rejected}, approve {approved} images</source>
        <translation>rejet de {rejected}, approbation de {approved} images</translation>
    </message>
    <message>
        <source>Reject {n} image|Reject {n} images</source>
        <translation>rejet de {n} image|rejet de {n} images</translation>
    </message>
    <message>
        <source>Approve {n} image|Approve {n} images</source>
        <translation>approbation de {n} image|approbation de {n} images</translation>
    </message>
</context>
<context>
    <name>Uploader</name>
    <message>
        <source>The answer does not name the uploaded image and its status.</source>
        <translation>La réponse ne nomme pas l’image envoyée et son état.</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>{message} {key} tries again.</source>
        <translation>{message} {key} réessaie.</translation>
    </message>
</context>
<context>
    <name>Wording</name>
    <message>
        <source>Connecting</source>
        <translation>Connexion</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>En ligne</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Hors ligne</translation>
    </message>
    <message>
        <source>Offline by choice</source>
        <translation>Hors ligne par choix</translation>
    </message>
    <message>
        <source>Key not accepted</source>
        <translation>Clé refusée</translation>
    </message>
    <message>
        <source>Posting refused</source>
        <translation>Envoi refusé</translation>
    </message>
    <message>
        <source>Quota used up</source>
        <translation>Quota épuisé</translation>
    </message>
    <message>
        <source>Service trouble</source>
        <translation>Panne du service</translation>
    </message>
    <message>
        <source>Second window</source>
        <translation>Seconde fenêtre</translation>
    </message>
    <message>
        <source>{d} d {h} h</source>
        <translation>{d} j {h} h</translation>
    </message>
    <message>
        <source>{d} d</source>
        <translation>{d} j</translation>
    </message>
    <message>
        <source>{h} h {m} min</source>
        <translation>{h} h {m} min</translation>
    </message>
    <message>
        <source>{h} h</source>
        <translation>{h} h</translation>
    </message>
    <message>
        <source>{m} min</source>
        <translation>{m} min</translation>
    </message>
    <message>
        <source>less than a minute</source>
        <translation>moins d’une minute</translation>
    </message>
    <message>
        <source>{n} byte|{n} bytes</source>
        <translation>{n} octet|{n} octets</translation>
    </message>
    <message>
        <source>{size} kB</source>
        <translation>{size} ko</translation>
    </message>
    <message>
        <source>{size} MB</source>
        <translation>{size} Mo</translation>
    </message>
    <message>
        <source>{size} GB</source>
        <translation>{size} Go</translation>
    </message>
    <message>
        <source>{count} held</source>
        <translation>{count} retenues</translation>
    </message>
    <message>
        <source>{count} to post</source>
        <translation>{count} à envoyer</translation>
    </message>
    <message>
        <source>{count} to post, done {when}</source>
        <translation>{count} à envoyer, fini {when}</translation>
    </message>
    <message>
        <source>{count} to post, goes on {when}</source>
        <translation>{count} à envoyer, reprise {when}</translation>
    </message>
    <message>
        <source>{n} conflict|{n} conflicts</source>
        <translation>{n} conflit|{n} conflits</translation>
    </message>
    <message>
        <source>{count} stuck</source>
        <translation>{count} bloquées</translation>
    </message>
    <message>
        <source>All posted</source>
        <translation>Tout est envoyé</translation>
    </message>
    <message>
        <source>Uploaded {span} ago, not delivered now</source>
        <translation>Déposée il y a {span}, non livrée maintenant</translation>
    </message>
    <message>
        <source>Uploaded {span} ago, public now</source>
        <translation>Déposée il y a {span}, publique maintenant</translation>
    </message>
    <message>
        <source>Waiting for {span}, since {when} · not public</source>
        <translation>Attend depuis {span} ({when}) · non publique</translation>
    </message>
    <message>
        <source>Waiting and public for {span}, since {when}</source>
        <translation>Attend et publique depuis {span} ({when})</translation>
    </message>
    <message>
        <source>Waiting for {span}, since {when} · public for {public}</source>
        <translation>Attend depuis {span} ({when}) · publique depuis {public}</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Taille</translation>
    </message>
    <message>
        <source>{width} × {height} px ({megapixels} MP)</source>
        <translation>{width} × {height} px ({megapixels} MP)</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Fichier</translation>
    </message>
    <message>
        <source>Uploaded</source>
        <translation>Déposée</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Type</translation>
    </message>
    <message>
        <source>oldest first</source>
        <translation>anciennes d’abord</translation>
    </message>
    <message>
        <source>newest first</source>
        <translation>récentes d’abord</translation>
    </message>
    <message>
        <source>longest public first</source>
        <translation>publiques depuis longtemps d’abord</translation>
    </message>
    <message>
        <source>least sure first</source>
        <translation>incertaines d’abord</translation>
    </message>
    <message>
        <source>copies together</source>
        <translation>copies ensemble</translation>
    </message>
    <message>
        <source>part {part} of {parts}</source>
        <translation>part {part} sur {parts}</translation>
    </message>
    <message>
        <source>Looked at all {count}</source>
        <translation>{count} regardées, toutes</translation>
    </message>
    <message>
        <source>Looked at {count} so far</source>
        <translation>{count} regardées jusqu’ici</translation>
    </message>
    <message>
        <source>Here because it was skipped|Here because it was skipped {n} times</source>
        <translation>Ici car passée|Ici car passée {n} fois</translation>
    </message>
    <message>
        <source>Here without a machine label, after those that have one</source>
        <translation>Ici sans étiquette machine, après celles qui en ont une</translation>
    </message>
    <message>
        <source>Here because {name} is {distance:.0f} from its threshold</source>
        <translation>Ici car {name} est à {distance:.0f} de son seuil</translation>
    </message>
    <message>
        <source>Here because it is like an image that waited longer</source>
        <translation>Ici car elle ressemble à une image qui attend depuis plus longtemps</translation>
    </message>
    <message>
        <source>Here last: not public</source>
        <translation>Ici en dernier : non publique</translation>
    </message>
    <message>
        <source>Here because this picture is public since {when}</source>
        <translation>Ici car cette image est publique depuis {when}</translation>
    </message>
    <message>
        <source>Here by order: {order}</source>
        <translation>Ici par ordre : {order}</translation>
    </message>
    <message>
        <source>Queue: {kind}</source>
        <translation>File : {kind}</translation>
    </message>
    <message>
        <source>Flagged</source>
        <translation>Signalées</translation>
    </message>
    <message>
        <source>Approved here by {actor}, {when}</source>
        <translation>Approuvée ici par {actor}, {when}</translation>
    </message>
    <message>
        <source>Rejected here by {actor}, {when}</source>
        <translation>Rejetée ici par {actor}, {when}</translation>
    </message>
    <message>
        <source>no reason is told</source>
        <translation>aucun motif n’est donné</translation>
    </message>
    <message>
        <source>Approved elsewhere by {actor}{when}</source>
        <translation>Approuvée ailleurs par {actor}{when}</translation>
    </message>
    <message>
        <source>Rejected elsewhere by {actor}{when}</source>
        <translation>Rejetée ailleurs par {actor}{when}</translation>
    </message>
    <message>
        <source>Approved elsewhere{when}</source>
        <translation>Approuvée ailleurs{when}</translation>
    </message>
    <message>
        <source>Rejected elsewhere{when}</source>
        <translation>Rejetée ailleurs{when}</translation>
    </message>
</context>
</TS>
