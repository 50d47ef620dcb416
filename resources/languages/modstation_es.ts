<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="es" sourcelanguage="en">
<context>
    <name>AccountChooser</name>
    <message>
        <source>Choose an account</source>
        <translation>Elegir una cuenta</translation>
    </message>
    <message>
        <source>Switch account</source>
        <translation>Cambiar de cuenta</translation>
    </message>
    <message>
        <source>Accounts</source>
        <translation>Cuentas</translation>
    </message>
    <message>
        <source>Decisions of each account stay in a folder of its own.</source>
        <translation>Las decisiones de cada cuenta quedan en una carpeta propia.</translation>
    </message>
    <message>
        <source>open now</source>
        <translation>abierta ahora</translation>
    </message>
    <message>
        <source>Another account…</source>
        <translation>Otra cuenta…</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Abrir</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Asking the keyring…</source>
        <translation>Consultando el llavero…</translation>
    </message>
</context>
<context>
    <name>AccountDialog</name>
    <message>
        <source>The secret goes into this system&apos;s keyring and into no file.</source>
        <translation>El secreto va al llavero de este sistema y a ningún archivo.</translation>
    </message>
    <message>
        <source>No keyring works here, so the secret is kept for this run only: next time, paste the address again or set CLOUDINARY_URL. It is never written into a file.</source>
        <translation>Aquí no funciona ningún llavero, así que el secreto vale solo por esta vez: la próxima, pega la dirección de nuevo o define CLOUDINARY_URL. Nunca se escribe en un archivo.</translation>
    </message>
    <message>
        <source>Account</source>
        <translation>Cuenta</translation>
    </message>
    <message>
        <source>Paste the CLOUDINARY_URL of the account whose images you review. You find it in the console under API Keys; “modstation serve” prints it at its start.</source>
        <translation>Pega la CLOUDINARY_URL de la cuenta cuyas imágenes se revisan. Está en la consola bajo «API Keys»; «modstation serve» la muestra al arrancar.</translation>
    </message>
    <message>
        <source>Looking for a keyring…</source>
        <translation>Buscando un llavero…</translation>
    </message>
    <message>
        <source>Accounts on this machine</source>
        <translation>Cuentas en este equipo</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Abrir</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Mostrar</translation>
    </message>
    <message>
        <source>&amp;Address</source>
        <translation>&amp;Dirección</translation>
    </message>
    <message>
        <source>Address of the account</source>
        <translation>Dirección de la cuenta</translation>
    </message>
    <message>
        <source>as the cloud is called</source>
        <translation>como se llama la nube</translation>
    </message>
    <message>
        <source>Name of the account here</source>
        <translation>Nombre de la cuenta aquí</translation>
    </message>
    <message>
        <source>&amp;Name here</source>
        <translation>&amp;Nombre aquí</translation>
    </message>
    <message>
        <source>&amp;Test connection</source>
        <translation>&amp;Probar conexión</translation>
    </message>
    <message>
        <source>&amp;Save and open</source>
        <translation>&amp;Guardar y abrir</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Asking the service…</source>
        <translation>Consultando el servicio…</translation>
    </message>
    <message>
        <source>The service answers and accepts the key.</source>
        <translation>El servicio responde y acepta la clave.</translation>
    </message>
    <message>
        <source>Keeping the account…</source>
        <translation>Guardando la cuenta…</translation>
    </message>
    <message>
        <source>Asking the keyring…</source>
        <translation>Consultando el llavero…</translation>
    </message>
</context>
<context>
    <name>Accounts</name>
    <message>
        <source>none yet</source>
        <translation>ninguna aún</translation>
    </message>
    <message>
        <source>There is no account “{name}”. There are: {there}.</source>
        <translation>No hay ninguna cuenta «{name}». Hay: {there}.</translation>
    </message>
    <message>
        <source>“{name}” is already the name of cloud {cloud} at {api_base}. Choose another name.</source>
        <translation>«{name}» ya es el nombre de la nube {cloud} en {api_base}. Elige otro nombre.</translation>
    </message>
    <message>
        <source>The secret of “{name}” is not in the keyring. Add the account again, or set {variable} to its address.</source>
        <translation>El secreto de «{name}» no está en el llavero. Añade la cuenta de nuevo, o pon su dirección en {variable}.</translation>
    </message>
    <message>
        <source>There are several accounts: {names}. Name one with --account.</source>
        <translation>Hay varias cuentas: {names}. Nombra una con --account.</translation>
    </message>
    <message>
        <source>There are decisions for {cloud} in {path}, and “{name}” has a folder of its own. Choose another name, so that none are left behind.</source>
        <translation>Hay decisiones para {cloud} en {path}, y «{name}» tiene carpeta propia. Elige otro nombre para no dejar ninguna atrás.</translation>
    </message>
    <message>
        <source>A station is at work on {cloud}. Close it, then add the account.</source>
        <translation>Una estación trabaja en {cloud}. Ciérrala y luego añade la cuenta.</translation>
    </message>
    <message>
        <source>{path} cannot become the folder of “{name}”: {why}.</source>
        <translation>{path} no puede ser la carpeta de «{name}»: {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be read: {error}.</source>
        <translation>{path} no se puede leer: {error}.</translation>
    </message>
    <message>
        <source>{path} is not a list of accounts: {error}.</source>
        <translation>{path} no es una lista de cuentas: {error}.</translation>
    </message>
    <message>
        <source>“{name}” cannot be an account name: use letters, digits, dot, dash and underscore.</source>
        <translation>«{name}» no puede nombrar una cuenta: usa letras, cifras, punto, guion y guion bajo.</translation>
    </message>
    <message>
        <source>The address must begin with cloudinary://</source>
        <translation>La dirección debe empezar por cloudinary://</translation>
    </message>
    <message>
        <source>The address must read cloudinary://key:secret@cloud</source>
        <translation>La dirección debe ser cloudinary://key:secret@cloud</translation>
    </message>
    <message>
        <source>The address must hold a key and a secret: cloudinary://key:secret@cloud</source>
        <translation>La dirección debe tener una clave y un secreto: cloudinary://key:secret@cloud</translation>
    </message>
    <message>
        <source>upload_prefix must be an http or https address, not “{base}”.</source>
        <translation>upload_prefix debe ser una dirección http o https, no «{base}».</translation>
    </message>
    <message>
        <source>{hostname} is reached over plain http, which shows the secret to everyone on the way. Use https, or add allow_http=true to the address if you know the network.</source>
        <translation>A {hostname} se llega por http simple, que muestra el secreto a todos por el camino. Usa https, o añade allow_http=true a la dirección si conoces la red.</translation>
    </message>
</context>
<context>
    <name>Acknowledgement</name>
    <message>
        <source>The answer does not say how the image stands.</source>
        <translation>La respuesta no dice cómo está la imagen.</translation>
    </message>
    <message>
        <source>The answer names the status {status}, not {target}.</source>
        <translation>La respuesta da el estado «{status}», no «{target}».</translation>
    </message>
    <message>
        <source>The answer speaks of another image ({name}).</source>
        <translation>La respuesta habla de otra imagen ({name}).</translation>
    </message>
    <message>
        <source>The answer speaks of another image (asset_id).</source>
        <translation>La respuesta habla de otra imagen (asset_id).</translation>
    </message>
    <message>
        <source>The answer does not say which image it speaks of.</source>
        <translation>La respuesta no dice de qué imagen habla.</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>Everything is covered; {key} goes on.</source>
        <translation>Todo está cubierto; {key} continúa.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La política no tiene motivo en {digit}.</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>No hay imagen que decidir.</translation>
    </message>
    <message>
        <source>Every reason of the policy has a key.</source>
        <translation>Cada motivo de la política tiene una tecla.</translation>
    </message>
    <message>
        <source>Hold {key} to look.</source>
        <translation>Mantén {key} para mirar.</translation>
    </message>
    <message>
        <source>Cover strength {strength} of 10.</source>
        <translation>Fuerza de la cubierta: {strength} de 10.</translation>
    </message>
    <message>
        <source>Images are shown without colour.</source>
        <translation>Las imágenes se muestran sin color.</translation>
    </message>
    <message>
        <source>Images are shown in colour.</source>
        <translation>Las imágenes se muestran en color.</translation>
    </message>
    <message>
        <source>Offline by choice: only this machine was asked. {key} goes back online.</source>
        <translation>Sin conexión por elección: solo se consultó este equipo. {key} vuelve a conectar.</translation>
    </message>
    <message>
        <source>Asking the service for new images.</source>
        <translation>Pidiendo imágenes nuevas al servicio.</translation>
    </message>
    <message>
        <source>Offline: nothing is fetched or posted. What is on this machine stays here.</source>
        <translation>Sin conexión: nada se trae ni se envía. Lo que está en este equipo se queda aquí.</translation>
    </message>
    <message>
        <source>Going back online.</source>
        <translation>Volviendo a conectar.</translation>
    </message>
</context>
<context>
    <name>Addresses</name>
    <message>
        <source>“{address}” is not the address of a service.</source>
        <translation>«{address}» no es la dirección de un servicio.</translation>
    </message>
    <message>
        <source>The service&apos;s address must not contain a user name.</source>
        <translation>La dirección del servicio no debe contener un nombre de usuario.</translation>
    </message>
    <message>
        <source>{host} would get the secret over plain http.</source>
        <translation>{host} recibiría el secreto por http sin cifrar.</translation>
    </message>
    <message>
        <source>“{kind}” is not a moderation kind.</source>
        <translation>«{kind}» no es un tipo de moderación.</translation>
    </message>
    <message>
        <source>“{image}” cannot be addressed.</source>
        <translation>«{image}» no se puede usar en una dirección.</translation>
    </message>
    <message>
        <source>The public ID is not valid text, so it cannot be addressed.</source>
        <translation>El ID público no es texto válido y no se puede usar en una dirección.</translation>
    </message>
    <message>
        <source>That is not an asset ID.</source>
        <translation>Eso no es un ID de asset.</translation>
    </message>
    <message>
        <source>The public ID cannot be addressed safely.</source>
        <translation>El ID público no se puede usar de forma segura en una dirección.</translation>
    </message>
    <message>
        <source>The picture&apos;s address cannot be read.</source>
        <translation>La dirección de la imagen no se puede leer.</translation>
    </message>
    <message>
        <source>The picture&apos;s address is not a plain address.</source>
        <translation>La dirección de la imagen no es una dirección simple.</translation>
    </message>
    <message>
        <source>The picture would be fetched over plain http from {host}.</source>
        <translation>La imagen se traería por http sin cifrar desde {host}.</translation>
    </message>
</context>
<context>
    <name>Application</name>
    <message>
        <source>modstation has a fault</source>
        <translation>modstation tiene un fallo</translation>
    </message>
    <message>
        <source>Something happened that should not. Everything you decided is on the disk and will be posted after the next start.

A report without any secret is in
{path}</source>
        <translation>Ocurrió algo que no debía. Todo lo decidido está en el disco y se enviará tras el próximo arranque.

Un informe sin ningún secreto está en
{path}</translation>
    </message>
</context>
<context>
    <name>Assets</name>
    <message>
        <source>queued</source>
        <translation>en cola</translation>
    </message>
    <message>
        <source>pending</source>
        <translation>pendiente</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>aprobada</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rechazada</translation>
    </message>
    <message>
        <source>aborted</source>
        <translation>abortada</translation>
    </message>
    <message>
        <source>overridden</source>
        <translation>anulada</translation>
    </message>
    <message>
        <source>an earlier moderation</source>
        <translation>una moderación anterior</translation>
    </message>
    <message>
        <source>Aborted: {by} rejected this image, so its turn here never came.</source>
        <translation>Abortada: {by} rechazó esta imagen, así que aquí nunca le tocó.</translation>
    </message>
    <message>
        <source>Queued: this image still waits for {by}; it cannot be decided yet.</source>
        <translation>En cola: esta imagen aún espera a {by}; todavía no se puede decidir.</translation>
    </message>
</context>
<context>
    <name>Batch</name>
    <message>
        <source>The answer holds no results.</source>
        <translation>La respuesta no trae resultados.</translation>
    </message>
    <message>
        <source>The answer speaks twice about this decision.</source>
        <translation>La respuesta habla dos veces de esta decisión.</translation>
    </message>
    <message>
        <source>The answer says nothing about this decision.</source>
        <translation>La respuesta no dice nada de esta decisión.</translation>
    </message>
    <message>
        <source>The service has no such image.</source>
        <translation>El servicio no tiene esa imagen.</translation>
    </message>
    <message>
        <source>The answer names no status.</source>
        <translation>La respuesta no da ningún estado.</translation>
    </message>
    <message>
        <source>The answer contradicts itself.</source>
        <translation>La respuesta se contradice.</translation>
    </message>
</context>
<context>
    <name>Buttons</name>
    <message>
        <source>{label}, key {key}</source>
        <translation>{label}, tecla {key}</translation>
    </message>
</context>
<context>
    <name>ChainStrip</name>
    <message>
        <source>approved</source>
        <translation>aprobada</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rechazada</translation>
    </message>
    <message>
        <source>pending</source>
        <translation>pendiente</translation>
    </message>
    <message>
        <source>queued</source>
        <translation>en cola</translation>
    </message>
    <message>
        <source>aborted</source>
        <translation>abortada</translation>
    </message>
    <message>
        <source>overridden</source>
        <translation>anulada</translation>
    </message>
    <message>
        <source>hidden</source>
        <translation>oculto</translation>
    </message>
    <message>
        <source>Moderation chain</source>
        <translation>Cadena de moderación</translation>
    </message>
    <message>
        <source>, then </source>
        <translation>, luego </translation>
    </message>
</context>
<context>
    <name>Claims</name>
    <message>
        <source>The answer does not say which images were leased.</source>
        <translation>La respuesta no dice qué imágenes se reservaron.</translation>
    </message>
</context>
<context>
    <name>Client</name>
    <message>
        <source>The image was deleted.</source>
        <translation>La imagen fue borrada.</translation>
    </message>
    <message>
        <source>The answer does not say how the image stands.</source>
        <translation>La respuesta no dice cómo está la imagen.</translation>
    </message>
    <message>
        <source>The public ID cannot be addressed safely, and there is no asset ID.</source>
        <translation>El ID público no se puede direccionar con seguridad, y no hay ID de asset.</translation>
    </message>
    <message>
        <source>The image has more than {limit_bytes} bytes.</source>
        <translation>La imagen tiene más de {limit_bytes} bytes.</translation>
    </message>
    <message>
        <source>The service delivers a substitute: {error_text}</source>
        <translation>El servicio entrega un sustituto: {error_text}</translation>
    </message>
    <message>
        <source>The picture&apos;s address cannot be read.</source>
        <translation>La dirección de la imagen no se puede leer.</translation>
    </message>
</context>
<context>
    <name>ClosingDialog</name>
    <message>
        <source>They are stored on this machine and are posted after the next start.</source>
        <translation>Quedan en este equipo y se envían tras el próximo arranque.</translation>
    </message>
    <message>
        <source>Close the station</source>
        <translation>Cerrar la estación</translation>
    </message>
    <message>
        <source>{n} decision is not posted yet|{n} decisions are not posted yet</source>
        <translation>{n} decisión aún no se ha enviado|{n} decisiones aún no se han enviado</translation>
    </message>
    <message>
        <source>Decisions posted</source>
        <translation>Decisiones enviadas</translation>
    </message>
    <message>
        <source>&amp;Post now and close</source>
        <translation>&amp;Enviar ahora y cerrar</translation>
    </message>
    <message>
        <source>&amp;Keep for next time</source>
        <translation>&amp;Guardar para luego</translation>
    </message>
    <message>
        <source>&amp;Stay</source>
        <translation>&amp;Quedarse</translation>
    </message>
    <message>
        <source>What you keep is not lost. {safe}</source>
        <translation>Lo que guardes no se pierde. {safe}</translation>
    </message>
    <message>
        <source>Nothing can be posted now ({state}). {safe}</source>
        <translation>Ahora no se puede enviar nada ({state}). {safe}</translation>
    </message>
    <message>
        <source>&amp;Close without waiting</source>
        <translation>&amp;Cerrar sin esperar</translation>
    </message>
    <message>
        <source>Posting…</source>
        <translation>Enviando…</translation>
    </message>
    <message>
        <source>The service takes nothing now; {n} decision is left. {safe}|The service takes nothing now; {n} decisions are left. {safe}</source>
        <translation>El servicio no acepta nada ahora; queda {n} decisión. {safe}|El servicio no acepta nada ahora; quedan {n} decisiones. {safe}</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Commands</source>
        <translation>Órdenes</translation>
    </message>
    <message>
        <source>Type what you want to do, or a key</source>
        <translation>Escribe lo que quieres hacer, o una tecla</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Orden</translation>
    </message>
    <message>
        <source>No command is called that.</source>
        <translation>Ninguna orden se llama así.</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>Approve</source>
        <translation>Aprobar</translation>
    </message>
    <message>
        <source>Approve the image and show the next.</source>
        <translation>Aprobar la imagen y mostrar la siguiente.</translation>
    </message>
    <message>
        <source>Reject</source>
        <translation>Rechazar</translation>
    </message>
    <message>
        <source>Reject the image and show the next.</source>
        <translation>Rechazar la imagen y mostrar la siguiente.</translation>
    </message>
    <message>
        <source>Reason {value}</source>
        <translation>Motivo {value}</translation>
    </message>
    <message>
        <source>Reject with the reason on key {value}.</source>
        <translation>Rechazar con el motivo de la tecla {value}.</translation>
    </message>
    <message>
        <source>More reasons…</source>
        <translation>Más motivos…</translation>
    </message>
    <message>
        <source>Reject with a reason that has no digit; what must be escalated is asked for twice.</source>
        <translation>Rechazar con un motivo sin cifra; lo que debe escalarse se pregunta dos veces.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Deshacer</translation>
    </message>
    <message>
        <source>Take the last decision back, or offer to reverse it.</source>
        <translation>Retirar la última decisión, u ofrecer invertirla.</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Rehacer</translation>
    </message>
    <message>
        <source>Make the decision again that was just undone.</source>
        <translation>Tomar de nuevo la decisión recién deshecha.</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>Saltar</translation>
    </message>
    <message>
        <source>Put the image at the back of the queue.</source>
        <translation>Poner la imagen al final de la cola.</translation>
    </message>
    <message>
        <source>Flag</source>
        <translation>Señalar</translation>
    </message>
    <message>
        <source>Bookmark the image, with the note if there is one.</source>
        <translation>Poner un marcador a la imagen, con la nota si la hay.</translation>
    </message>
    <message>
        <source>Escalate</source>
        <translation>Escalar</translation>
    </message>
    <message>
        <source>Leave the image to somebody else, with a note; it stays pending.</source>
        <translation>Dejar la imagen a otra persona, con una nota; sigue pendiente.</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>Siguiente</translation>
    </message>
    <message>
        <source>Look at the next image without deciding.</source>
        <translation>Mirar la imagen siguiente sin decidir.</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Atrás</translation>
    </message>
    <message>
        <source>Look at the image before.</source>
        <translation>Mirar la imagen anterior.</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Cuadrícula</translation>
    </message>
    <message>
        <source>Show many images on one sheet; again to go back to one.</source>
        <translation>Mostrar muchas imágenes en una hoja; otra vez para volver a una.</translation>
    </message>
    <message>
        <source>Mark</source>
        <translation>Marcar</translation>
    </message>
    <message>
        <source>Mark the tile, or take its mark away.</source>
        <translation>Marcar la ficha, o quitarle la marca.</translation>
    </message>
    <message>
        <source>Mark all</source>
        <translation>Marcar todas</translation>
    </message>
    <message>
        <source>Mark every tile on the screen, or none of them.</source>
        <translation>Marcar todas las fichas de la pantalla, o ninguna.</translation>
    </message>
    <message>
        <source>Extend back</source>
        <translation>Extender atrás</translation>
    </message>
    <message>
        <source>Mark the tiles one goes back to.</source>
        <translation>Marcar las fichas al ir hacia atrás.</translation>
    </message>
    <message>
        <source>Extend</source>
        <translation>Extender</translation>
    </message>
    <message>
        <source>Mark the tiles one goes on to.</source>
        <translation>Marcar las fichas al ir adelante.</translation>
    </message>
    <message>
        <source>Page back</source>
        <translation>Página atrás</translation>
    </message>
    <message>
        <source>Go one screen of tiles back.</source>
        <translation>Retroceder una pantalla de fichas.</translation>
    </message>
    <message>
        <source>Page on</source>
        <translation>Página más</translation>
    </message>
    <message>
        <source>Go one screen of tiles on.</source>
        <translation>Avanzar una pantalla de fichas.</translation>
    </message>
    <message>
        <source>Approve marked</source>
        <translation>Aprobar marcadas</translation>
    </message>
    <message>
        <source>Approve the marked tiles.</source>
        <translation>Aprobar las fichas marcadas.</translation>
    </message>
    <message>
        <source>Reject marked</source>
        <translation>Rechazar marcadas</translation>
    </message>
    <message>
        <source>Reject the marked tiles.</source>
        <translation>Rechazar las fichas marcadas.</translation>
    </message>
    <message>
        <source>Settle screen</source>
        <translation>Resolver pantalla</translation>
    </message>
    <message>
        <source>Reject the marked tiles and approve the rest that is on the screen; again to confirm.</source>
        <translation>Rechazar las marcadas y aprobar el resto de la pantalla; otra vez para confirmar.</translation>
    </message>
    <message>
        <source>Peek</source>
        <translation>Atisbar</translation>
    </message>
    <message>
        <source>Uncover the image while the key is held.</source>
        <translation>Descubrir la imagen mientras se mantiene la tecla.</translation>
    </message>
    <message>
        <source>Reveal</source>
        <translation>Descubrir</translation>
    </message>
    <message>
        <source>Uncover this image; again to cover it.</source>
        <translation>Descubrir esta imagen; otra vez para cubrirla.</translation>
    </message>
    <message>
        <source>Blur more</source>
        <translation>Más borroso</translation>
    </message>
    <message>
        <source>Make the cover stronger.</source>
        <translation>Reforzar la cubierta.</translation>
    </message>
    <message>
        <source>Blur less</source>
        <translation>Menos borroso</translation>
    </message>
    <message>
        <source>Make the cover weaker.</source>
        <translation>Suavizar la cubierta.</translation>
    </message>
    <message>
        <source>Greyscale</source>
        <translation>Grises</translation>
    </message>
    <message>
        <source>Show images without colour.</source>
        <translation>Mostrar las imágenes sin color.</translation>
    </message>
    <message>
        <source>Cover all</source>
        <translation>Cubrir todo</translation>
    </message>
    <message>
        <source>Cover every image at once; again to go on.</source>
        <translation>Cubrir todas las imágenes a la vez; otra vez para seguir.</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Ampliar</translation>
    </message>
    <message>
        <source>Enlarge the image.</source>
        <translation>Ampliar la imagen.</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Reducir</translation>
    </message>
    <message>
        <source>Make the image smaller.</source>
        <translation>Reducir la imagen.</translation>
    </message>
    <message>
        <source>Fit / 100 %</source>
        <translation>Entera / 100 %</translation>
    </message>
    <message>
        <source>Switch between whole image and 100 %.</source>
        <translation>Cambiar entre imagen entera y 100 %.</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Entera</translation>
    </message>
    <message>
        <source>Show the whole image.</source>
        <translation>Mostrar la imagen entera.</translation>
    </message>
    <message>
        <source>100 %</source>
        <translation>100 %</translation>
    </message>
    <message>
        <source>Show every pixel of the image.</source>
        <translation>Mostrar cada píxel de la imagen.</translation>
    </message>
    <message>
        <source>Rotate left</source>
        <translation>Girar a la izquierda</translation>
    </message>
    <message>
        <source>Turn the image to the left.</source>
        <translation>Girar la imagen a la izquierda.</translation>
    </message>
    <message>
        <source>Rotate right</source>
        <translation>Girar a la derecha</translation>
    </message>
    <message>
        <source>Turn the image to the right.</source>
        <translation>Girar la imagen a la derecha.</translation>
    </message>
    <message>
        <source>Keep zoom</source>
        <translation>Mantener zoom</translation>
    </message>
    <message>
        <source>Keep zoom and place when the next image comes; again to begin each image whole.</source>
        <translation>Mantener zoom y lugar en la imagen siguiente; otra vez para empezar cada una entera.</translation>
    </message>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>Fetch the original of the image, and show every pixel of it.</source>
        <translation>Traer el original de la imagen y mostrar cada píxel.</translation>
    </message>
    <message>
        <source>Brighten</source>
        <translation>Aclarar</translation>
    </message>
    <message>
        <source>Brighten the shadows of the image, or not.</source>
        <translation>Aclarar las sombras de la imagen, o no.</translation>
    </message>
    <message>
        <source>Next frame</source>
        <translation>Cuadro siguiente</translation>
    </message>
    <message>
        <source>Show the next frame or page of the image.</source>
        <translation>Mostrar el cuadro o la página siguiente.</translation>
    </message>
    <message>
        <source>Frame back</source>
        <translation>Cuadro anterior</translation>
    </message>
    <message>
        <source>Show the frame or page before.</source>
        <translation>Mostrar el cuadro o la página anterior.</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Reproducir</translation>
    </message>
    <message>
        <source>Play the frames of the image, or pause.</source>
        <translation>Reproducir los cuadros de la imagen, o pausar.</translation>
    </message>
    <message>
        <source>Alike</source>
        <translation>Parecidas</translation>
    </message>
    <message>
        <source>Show the images that are nearly the same, and decide them in one act.</source>
        <translation>Mostrar las imágenes casi iguales y decidirlas de una vez.</translation>
    </message>
    <message>
        <source>Information</source>
        <translation>Información</translation>
    </message>
    <message>
        <source>Show or hide the evidence panel.</source>
        <translation>Mostrar u ocultar el panel de pruebas.</translation>
    </message>
    <message>
        <source>Machine verdict</source>
        <translation>Juicio automático</translation>
    </message>
    <message>
        <source>Hide what machines found until you decide, or show it.</source>
        <translation>Ocultar lo que hallaron las máquinas hasta decidir, o mostrarlo.</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Política</translation>
    </message>
    <message>
        <source>Show the rules behind the reasons.</source>
        <translation>Mostrar las reglas detrás de los motivos.</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Nota</translation>
    </message>
    <message>
        <source>Write a note that goes with the decision.</source>
        <translation>Escribir una nota que acompaña a la decisión.</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Órdenes</translation>
    </message>
    <message>
        <source>Find any command by its name, its sentence or key.</source>
        <translation>Encontrar una orden por su nombre, su frase o su tecla.</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historial</translation>
    </message>
    <message>
        <source>Show your last decisions: look, change, take one back, or reverse what is posted.</source>
        <translation>Mostrar tus últimas decisiones: mirar, cambiar, retirar, o invertir lo enviado.</translation>
    </message>
    <message>
        <source>Queues…</source>
        <translation>Colas…</translation>
    </message>
    <message>
        <source>Choose what to review: what waits, what is approved, what is rejected, by kind.</source>
        <translation>Elegir qué revisar: lo que espera, lo aprobado, lo rechazado, por tipo.</translation>
    </message>
    <message>
        <source>Lists…</source>
        <translation>Listas…</translation>
    </message>
    <message>
        <source>Show what was skipped, flagged or escalated.</source>
        <translation>Mostrar lo saltado, señalado o escalado.</translation>
    </message>
    <message>
        <source>Filter…</source>
        <translation>Filtro…</translation>
    </message>
    <message>
        <source>Review only what fits these words.</source>
        <translation>Revisar solo lo que encaja con estas palabras.</translation>
    </message>
    <message>
        <source>Rescue</source>
        <translation>Rescatar</translation>
    </message>
    <message>
        <source>Show only what was rejected for its form, to approve it after all; again to go back.</source>
        <translation>Mostrar solo lo rechazado por su forma, para aprobarlo después de todo; otra vez para volver.</translation>
    </message>
    <message>
        <source>Show all</source>
        <translation>Mostrar todo</translation>
    </message>
    <message>
        <source>Review everything again.</source>
        <translation>Revisar todo de nuevo.</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>Orden</translation>
    </message>
    <message>
        <source>Take the next order of the queue.</source>
        <translation>Tomar el siguiente orden de la cola.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Teclas</translation>
    </message>
    <message>
        <source>Show every key.</source>
        <translation>Mostrar todas las teclas.</translation>
    </message>
    <message>
        <source>Change keys…</source>
        <translation>Cambiar teclas…</translation>
    </message>
    <message>
        <source>Choose a keymap, or give commands keys of your own.</source>
        <translation>Elegir un teclado, o dar teclas propias a las órdenes.</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Ayuda</translation>
    </message>
    <message>
        <source>Show the manual.</source>
        <translation>Mostrar el manual.</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>Recorrido</translation>
    </message>
    <message>
        <source>Show the first steps again.</source>
        <translation>Mostrar otra vez los primeros pasos.</translation>
    </message>
    <message>
        <source>Post now</source>
        <translation>Enviar ya</translation>
    </message>
    <message>
        <source>Post the decisions still held for undo.</source>
        <translation>Enviar las decisiones aún retenidas.</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>Actualizar</translation>
    </message>
    <message>
        <source>Ask the service for new images now.</source>
        <translation>Pedir ahora imágenes nuevas al servicio.</translation>
    </message>
    <message>
        <source>Go offline</source>
        <translation>Desconectar</translation>
    </message>
    <message>
        <source>Use no network, and go on with what is on this machine; again to go back online.</source>
        <translation>No usar la red y seguir con lo que hay en este equipo; otra vez para volver a conectar.</translation>
    </message>
    <message>
        <source>Take along…</source>
        <translation>Llevar…</translation>
    </message>
    <message>
        <source>Fetch a number of images to work offline with, and sum up afterwards.</source>
        <translation>Traer imágenes para trabajar sin conexión, y hacer balance después.</translation>
    </message>
    <message>
        <source>Account…</source>
        <translation>Cuenta…</translation>
    </message>
    <message>
        <source>Choose or add an account.</source>
        <translation>Elegir o añadir una cuenta.</translation>
    </message>
    <message>
        <source>Switch account…</source>
        <translation>Cambiar de cuenta…</translation>
    </message>
    <message>
        <source>Review another account of this machine.</source>
        <translation>Revisar otra cuenta de este equipo.</translation>
    </message>
    <message>
        <source>Outbox…</source>
        <translation>Envíos…</translation>
    </message>
    <message>
        <source>Show what waits, is stuck or in conflict.</source>
        <translation>Mostrar lo que espera, está atascado o en conflicto.</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>Ajustes…</translation>
    </message>
    <message>
        <source>Change how the station looks and works.</source>
        <translation>Cambiar cómo se ve y trabaja la estación.</translation>
    </message>
    <message>
        <source>Session…</source>
        <translation>Sesión…</translation>
    </message>
    <message>
        <source>Show how this session goes: pace, reasons, time; nobody else is told.</source>
        <translation>Mostrar cómo va esta sesión: ritmo, motivos, tiempo; nadie más lo sabe.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Tema</translation>
    </message>
    <message>
        <source>Take the next theme: dark, light, in high contrast, the desktop&apos;s.</source>
        <translation>Tomar el tema siguiente: oscuro, claro, de alto contraste, el del escritorio.</translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation>Texto más grande</translation>
    </message>
    <message>
        <source>Make every text larger, up to twice the usual size.</source>
        <translation>Agrandar todos los textos, hasta el doble del tamaño habitual.</translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation>Texto más pequeño</translation>
    </message>
    <message>
        <source>Make every text smaller.</source>
        <translation>Reducir todos los textos.</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Pantalla completa</translation>
    </message>
    <message>
        <source>Use the whole screen for one image.</source>
        <translation>Usar toda la pantalla para una imagen.</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Salir</translation>
    </message>
    <message>
        <source>Close the station; nothing that was decided is lost.</source>
        <translation>Cerrar la estación; nada de lo decidido se pierde.</translation>
    </message>
</context>
<context>
    <name>ConflictView</name>
    <message>
        <source>Mine</source>
        <translation>La mía</translation>
    </message>
    <message>
        <source>Theirs</source>
        <translation>La otra</translation>
    </message>
    <message>
        <source>{name}: mine {mine}, theirs {theirs}</source>
        <translation>{name}: la mía {mine}, la otra {theirs}</translation>
    </message>
</context>
<context>
    <name>Connection</name>
    <message>
        <source>{path} cannot be opened: {why}.</source>
        <translation>{path} no se puede abrir: {why}.</translation>
    </message>
    <message>
        <source>{path} is a database of another program.</source>
        <translation>{path} es la base de datos de otro programa.</translation>
    </message>
    <message>
        <source>{path} was written by a newer modstation (schema {version}, this one knows {known}). Update modstation to open it.</source>
        <translation>{path} es de un modstation más nuevo (esquema {version}, este conoce {known}). Actualiza modstation para abrirla.</translation>
    </message>
    <message>
        <source>Another program is using {path}.</source>
        <translation>Otro programa usa {path}.</translation>
    </message>
    <message>
        <source>The disk is full: {path} cannot grow.</source>
        <translation>El disco está lleno: {path} no puede crecer.</translation>
    </message>
    <message>
        <source>{path} is damaged ({error}).</source>
        <translation>{path} está dañado ({error}).</translation>
    </message>
    <message>
        <source>{path} cannot be opened for writing ({error}).</source>
        <translation>{path} no se puede abrir para escribir ({error}).</translation>
    </message>
    <message>
        <source>The disk reported an error on {path} ({error}).</source>
        <translation>El disco informó de un error en {path} ({error}).</translation>
    </message>
    <message>
        <source>The image cache was written by a newer modstation.</source>
        <translation>La caché de imágenes fue escrita por un modstation más nuevo.</translation>
    </message>
</context>
<context>
    <name>Covering</name>
    <message>
        <source>Your organisation asks for a cover of at least {blur}.</source>
        <translation>Tu organización pide una cubierta de al menos {blur}.</translation>
    </message>
    <message>
        <source>Your organisation asks for images without colour.</source>
        <translation>Tu organización pide imágenes sin color.</translation>
    </message>
</context>
<context>
    <name>Deciding</name>
    <message>
        <source>Not decided: this image was not on the screen yet.</source>
        <translation>Sin decidir: esta imagen aún no estaba en la pantalla.</translation>
    </message>
    <message>
        <source>The policy asks for a reason: press its digit.</source>
        <translation>La política pide un motivo: pulsa su cifra.</translation>
    </message>
    <message>
        <source>An image that cannot be shown cannot be approved; reject or skip it.</source>
        <translation>Una imagen que no se puede mostrar no se puede aprobar; recházala o sáltala.</translation>
    </message>
    <message>
        <source>Uncover the image first (hold Space, or V); rejecting needs no look.</source>
        <translation>Descubre antes la imagen (mantén Espacio, o V); rechazar no requiere mirar.</translation>
    </message>
    <message>
        <source>Not approved: the image was uncovered only for a moment.</source>
        <translation>Sin aprobar: la imagen estuvo descubierta solo un momento.</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>No hay imagen que decidir.</translation>
    </message>
    <message>
        <source>Posting {n} held decision now.|Posting {n} held decisions now.</source>
        <translation>Enviando {n} decisión retenida.|Enviando {n} decisiones retenidas.</translation>
    </message>
    <message>
        <source>Nothing is held.</source>
        <translation>No hay nada retenido.</translation>
    </message>
    <message>
        <source>Not posted yet. {title}: {message}</source>
        <translation>Aún sin enviar. {title}: {message}</translation>
    </message>
    <message>
        <source>Not saved, the image is back. {title}: {message}|Not saved, {n} images are back. {title}: {message}</source>
        <translation>Sin guardar, la imagen ha vuelto. {title}: {message}|Sin guardar, {n} imágenes han vuelto. {title}: {message}</translation>
    </message>
</context>
<context>
    <name>Effects</name>
    <message>
        <source>approved is posted, the service restores the image from its backup and delivers it to everybody again</source>
        <translation>se envía «aprobada», el servicio restaura la imagen de su copia y vuelve a entregarla a todos</translation>
    </message>
    <message>
        <source>rejected is posted, the service delivers the image to nobody any more and purges it from the delivery caches</source>
        <translation>se envía «rechazada», el servicio ya no entrega la imagen a nadie y la purga de las cachés</translation>
    </message>
    <message>
        <source>You left this image to somebody else; decided by you, it gets no second opinion, and the log says so.</source>
        <translation>Dejaste esta imagen a otra persona; decidida por ti, no tendrá segunda opinión, y el registro lo dice.</translation>
    </message>
    <message>
        <source>Reverses your decision: {effects}.</source>
        <translation>Invierte tu decisión: {effects}.</translation>
    </message>
    <message>
        <source>Overrides the decision: {effects}.</source>
        <translation>Anula la decisión: {effects}.</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>Something went wrong</source>
        <translation>Algo salió mal</translation>
    </message>
    <message>
        <source>Local database</source>
        <translation>Base de datos local</translation>
    </message>
    <message>
        <source>Local database is busy</source>
        <translation>Base de datos local ocupada</translation>
    </message>
    <message>
        <source>Disk is full</source>
        <translation>Disco lleno</translation>
    </message>
    <message>
        <source>Local database is damaged</source>
        <translation>Base de datos local dañada</translation>
    </message>
    <message>
        <source>Local database is from a newer version</source>
        <translation>Base de datos local de una versión más nueva</translation>
    </message>
    <message>
        <source>Moderation service</source>
        <translation>Servicio de moderación</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Sin conexión</translation>
    </message>
    <message>
        <source>No clear answer</source>
        <translation>Sin respuesta clara</translation>
    </message>
    <message>
        <source>Hourly quota used up</source>
        <translation>Cuota por hora agotada</translation>
    </message>
    <message>
        <source>Key or secret not accepted</source>
        <translation>Clave o secreto no aceptado</translation>
    </message>
    <message>
        <source>Posting refused</source>
        <translation>Envío denegado</translation>
    </message>
    <message>
        <source>Image is gone</source>
        <translation>La imagen ya no está</translation>
    </message>
    <message>
        <source>Refused by the service</source>
        <translation>Denegado por el servicio</translation>
    </message>
    <message>
        <source>Address not allowed</source>
        <translation>Dirección no permitida</translation>
    </message>
    <message>
        <source>Image cannot be shown</source>
        <translation>La imagen no se puede mostrar</translation>
    </message>
    <message>
        <source>Not an image</source>
        <translation>No es una imagen</translation>
    </message>
    <message>
        <source>Image is damaged</source>
        <translation>Imagen dañada</translation>
    </message>
    <message>
        <source>Image is too large</source>
        <translation>Imagen demasiado grande</translation>
    </message>
    <message>
        <source>Image takes too long to decode</source>
        <translation>La imagen tarda demasiado en decodificarse</translation>
    </message>
    <message>
        <source>Image crashed the decoder</source>
        <translation>La imagen hizo fallar el decodificador</translation>
    </message>
    <message>
        <source>Image cache cannot be read</source>
        <translation>La caché de imágenes no se puede leer</translation>
    </message>
    <message>
        <source>Image is not here</source>
        <translation>La imagen no está aquí</translation>
    </message>
    <message>
        <source>Not possible now</source>
        <translation>Ahora no es posible</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Ajustes</translation>
    </message>
</context>
<context>
    <name>Evidence</name>
    <message>
        <source>Uploader</source>
        <translation>Subida por</translation>
    </message>
    <message>
        <source>Tags</source>
        <translation>Etiquetas</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Carpeta</translation>
    </message>
</context>
<context>
    <name>EvidencePanel</name>
    <message>
        <source>Evidence and decision</source>
        <translation>Pruebas y decisión</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Mostrar</translation>
    </message>
    <message>
        <source>Hide</source>
        <translation>Ocultar</translation>
    </message>
    <message>
        <source>No image</source>
        <translation>Sin imagen</translation>
    </message>
    <message>
        <source>Machine verdict hidden until you decide</source>
        <translation>Juicio automático oculto hasta decidir</translation>
    </message>
    <message>
        <source>Machine labels</source>
        <translation>Etiquetas automáticas</translation>
    </message>
    <message>
        <source>No machine labels</source>
        <translation>Sin etiquetas automáticas</translation>
    </message>
    <message>
        <source>Note for this decision ({key})</source>
        <translation>Nota para esta decisión ({key})</translation>
    </message>
    <message>
        <source>{count} alike</source>
        <translation>{count} parecidas</translation>
    </message>
    <message>
        <source>None alike</source>
        <translation>Ninguna parecida</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>Pruebas</translation>
    </message>
    <message>
        <source>Note for this decision</source>
        <translation>Nota para esta decisión</translation>
    </message>
</context>
<context>
    <name>Exchange</name>
    <message>
        <source>The address would have changed on its way.</source>
        <translation>La dirección habría cambiado por el camino.</translation>
    </message>
    <message>
        <source>The answer is larger than {body_bytes} bytes.</source>
        <translation>La respuesta supera {body_bytes} bytes.</translation>
    </message>
    <message>
        <source>The answer unpacks to far more than a real one.</source>
        <translation>La respuesta se descomprime mucho más que una real.</translation>
    </message>
    <message>
        <source>The answer took too long.</source>
        <translation>La respuesta tardó demasiado.</translation>
    </message>
    <message>
        <source>The answer is cut short.</source>
        <translation>La respuesta está cortada.</translation>
    </message>
    <message>
        <source>The answer is packed in a way that was not asked for.</source>
        <translation>La respuesta viene comprimida de un modo no pedido.</translation>
    </message>
    <message>
        <source>The answer has something behind its end.</source>
        <translation>La respuesta tiene algo tras su final.</translation>
    </message>
    <message>
        <source>The answer is packed wrongly.</source>
        <translation>La respuesta está mal comprimida.</translation>
    </message>
</context>
<context>
    <name>Figures</name>
    <message>
        <source>{n} minute of work without a break.|{n} minutes of work without a break.</source>
        <translation>{n} minuto de trabajo sin pausa.|{n} minutos de trabajo sin pausa.</translation>
    </message>
    <message>
        <source>{n} severe image since the last break.|{n} severe images since the last break.</source>
        <translation>{n} imagen grave desde la última pausa.|{n} imágenes graves desde la última pausa.</translation>
    </message>
    <message>
        <source>A few minutes away from the screen may be good now.</source>
        <translation>Unos minutos lejos de la pantalla pueden venir bien ahora.</translation>
    </message>
</context>
<context>
    <name>Filmstrip</name>
    <message>
        <source>waiting</source>
        <translation>esperando</translation>
    </message>
    <message>
        <source>now</source>
        <translation>ahora</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>aprobada</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rechazada</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>saltada</translation>
    </message>
    <message>
        <source>escalated</source>
        <translation>escalada</translation>
    </message>
    <message>
        <source>Filmstrip</source>
        <translation>Tira de imágenes</translation>
    </message>
    <message>
        <source>{at} images before, {ahead} after the current one.</source>
        <translation>{at} imágenes antes de la actual, {ahead} después.</translation>
    </message>
    <message>
        <source>No images in the queue</source>
        <translation>No hay imágenes en la cola</translation>
    </message>
</context>
<context>
    <name>FilterBar</name>
    <message>
        <source>Part of a name, kind:… tag:… reason:… label:nudity&gt;60 age&gt;2h size&gt;5mb pixels&gt;12mp format:gif, -not</source>
        <translation>Parte de un nombre, kind:… tag:… reason:… label:nudity&gt;60 age&gt;2h size&gt;5mb pixels&gt;12mp format:gif, -no</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filtro</translation>
    </message>
</context>
<context>
    <name>Filtering</name>
    <message>
        <source>{why} (at character {at})</source>
        <translation>{why} (en el carácter {at})</translation>
    </message>
    <message>
        <source>A quotation mark is not closed</source>
        <translation>Una comilla no está cerrada</translation>
    </message>
    <message>
        <source>There is nothing to look for</source>
        <translation>No hay nada que buscar</translation>
    </message>
    <message>
        <source>“{field}” is none of {known}</source>
        <translation>«{field}» no es ninguno de {known}</translation>
    </message>
    <message>
        <source>Write {field}: and a name</source>
        <translation>Escribe {field}: y un nombre</translation>
    </message>
    <message>
        <source>A name has to follow {field}:</source>
        <translation>Tras {field}: debe ir un nombre</translation>
    </message>
    <message>
        <source>Write for example label:nudity&gt;60</source>
        <translation>Escribe por ejemplo label:nudity&gt;60</translation>
    </message>
    <message>
        <source>The policy has no technical reason</source>
        <translation>La política no tiene ningún motivo técnico</translation>
    </message>
    <message>
        <source>Write for example {example}</source>
        <translation>Escribe por ejemplo {example}</translation>
    </message>
</context>
<context>
    <name>FirstSteps</name>
    <message>
        <source>approve</source>
        <translation>aprobar</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>rechazar</translation>
    </message>
    <message>
        <source>reject with a reason</source>
        <translation>rechazar con motivo</translation>
    </message>
    <message>
        <source>hold to look</source>
        <translation>mantener para mirar</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>deshacer</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>saltar</translation>
    </message>
    <message>
        <source>every command</source>
        <translation>todas las órdenes</translation>
    </message>
    <message>
        <source>every key</source>
        <translation>todas las teclas</translation>
    </message>
    <message>
        <source>One key decides</source>
        <translation>Una tecla decide</translation>
    </message>
    <message>
        <source>The next image is there at once. For some seconds nothing is sent, so undo simply takes the decision back.</source>
        <translation>La imagen siguiente aparece enseguida. Durante unos segundos no se envía nada, así que deshacer simplemente retira la decisión.</translation>
    </message>
    <message>
        <source>reject with that reason</source>
        <translation>rechazar con ese motivo</translation>
    </message>
    <message>
        <source>Covered until you look</source>
        <translation>Cubierto hasta que mires</translation>
    </message>
    <message>
        <source>An image that a machine or the policy warns of starts covered. You may reject it without looking; to approve it you have to see it.</source>
        <translation>Una imagen de la que avisa una máquina o la política empieza cubierta. Puedes rechazarla sin mirar; para aprobarla tienes que verla.</translation>
    </message>
    <message>
        <source>uncover</source>
        <translation>descubrir</translation>
    </message>
    <message>
        <source>cover everything at once</source>
        <translation>cubrir todo a la vez</translation>
    </message>
    <message>
        <source>Nothing is lost</source>
        <translation>Nada se pierde</translation>
    </message>
    <message>
        <source>Every decision is on this machine first and is posted from the outbox. Without a network you simply go on.</source>
        <translation>Cada decisión está primero en este equipo y sale de la bandeja de salida. Sin red, simplemente sigues.</translation>
    </message>
    <message>
        <source>go offline and back</source>
        <translation>desconectar y volver</translation>
    </message>
    <message>
        <source>post at once</source>
        <translation>enviar enseguida</translation>
    </message>
    <message>
        <source>what is not posted</source>
        <translation>lo que no se ha enviado</translation>
    </message>
    <message>
        <source>Everything has a key</source>
        <translation>Todo tiene una tecla</translation>
    </message>
    <message>
        <source>Type what you want to do, or look the key up. You can change every one of them.</source>
        <translation>Escribe lo que quieres hacer, o busca la tecla. Puedes cambiar cada una.</translation>
    </message>
    <message>
        <source>find a command</source>
        <translation>encontrar una orden</translation>
    </message>
    <message>
        <source>change keys</source>
        <translation>cambiar teclas</translation>
    </message>
    <message>
        <source>this tour again</source>
        <translation>este recorrido otra vez</translation>
    </message>
</context>
<context>
    <name>FrameActions</name>
    <message>
        <source>This image has one frame only.</source>
        <translation>Esta imagen tiene un solo cuadro.</translation>
    </message>
    <message>
        <source>Motion is reduced in the settings: {back} and {on} step through the frames.</source>
        <translation>El movimiento está reducido en los ajustes: {back} y {on} recorren los cuadros.</translation>
    </message>
</context>
<context>
    <name>FrameStrip</name>
    <message>
        <source>Frames</source>
        <translation>Cuadros</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pausa</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Reproducir</translation>
    </message>
    <message>
        <source>Page {at} of {count}</source>
        <translation>Página {at} de {count}</translation>
    </message>
    <message>
        <source>Frame {at} of {count}</source>
        <translation>Cuadro {at} de {count}</translation>
    </message>
    <message>
        <source>{place} cannot be shown: {damage}</source>
        <translation>{place} no se puede mostrar: {damage}</translation>
    </message>
    <message>
        <source>{place}, loading</source>
        <translation>{place}, cargando</translation>
    </message>
    <message>
        <source>playing</source>
        <translation>en marcha</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>en pausa</translation>
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
        <translation>Eso es para la cuadrícula: {key} la muestra.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La política no tiene motivo en {digit}.</translation>
    </message>
    <message>
        <source>That is for one image: {key} shows it alone.</source>
        <translation>Eso es para una imagen: {key} la muestra sola.</translation>
    </message>
</context>
<context>
    <name>GridPanel</name>
    <message>
        <source>{count} marked</source>
        <translation>{count} marcadas</translation>
    </message>
    <message>
        <source>This will {consequence}.</source>
        <translation>Esto va a {consequence}.</translation>
    </message>
    <message>
        <source>Confirm what is done to the screen</source>
        <translation>Confirmar lo que se hace con la pantalla</translation>
    </message>
    <message>
        <source>Do it ({key})</source>
        <translation>Hacerlo ({key})</translation>
    </message>
    <message>
        <source>Leave (Esc)</source>
        <translation>Dejarlo (Esc)</translation>
    </message>
</context>
<context>
    <name>GridPlan</name>
    <message>
        <source>covered</source>
        <translation>cubierta</translation>
    </message>
    <message>
        <source>not shown long enough</source>
        <translation>mostradas poco tiempo</translation>
    </message>
    <message>
        <source>without a picture</source>
        <translation>sin imagen</translation>
    </message>
    <message>
        <source>still with an earlier moderation</source>
        <translation>aún en una moderación anterior</translation>
    </message>
    <message>
        <source>without a reason</source>
        <translation>sin motivo</translation>
    </message>
    <message>
        <source>left to somebody else before</source>
        <translation>dejadas antes a otra persona</translation>
    </message>
    <message>
        <source>with more to see than a tile shows</source>
        <translation>con más de lo que muestra una ficha</translation>
    </message>
    <message>
        <source>You left this image to somebody else before: decide it on the stage.</source>
        <translation>Dejaste esta imagen a otra persona: decídela en el escenario.</translation>
    </message>
    <message>
        <source>not decidable</source>
        <translation>no decidibles</translation>
    </message>
    <message>
        <source>{count} rejected</source>
        <translation>{count} rechazadas</translation>
    </message>
    <message>
        <source>{count} approved</source>
        <translation>{count} aprobadas</translation>
    </message>
    <message>
        <source>There is more to this image than a tile shows: approve it on the stage.</source>
        <translation>Esta imagen tiene más de lo que muestra una ficha: apruébala en el escenario.</translation>
    </message>
    <message>
        <source>reject {marked} marked and approve the other {rest} on screen</source>
        <translation>rechazar {marked} marcadas y aprobar las otras {rest} de la pantalla</translation>
    </message>
    <message>
        <source>reject {marked} marked</source>
        <translation>rechazar {marked} marcadas</translation>
    </message>
    <message>
        <source>approve {rest} on screen</source>
        <translation>aprobar {rest} de la pantalla</translation>
    </message>
    <message>
        <source>{n} stays: {why}|{n} stay: {why}</source>
        <translation>{n} queda: {why}|{n} quedan: {why}</translation>
    </message>
    <message>
        <source>“{title}” is given to one image at a time.</source>
        <translation>«{title}» se da a una imagen cada vez.</translation>
    </message>
</context>
<context>
    <name>GridSession</name>
    <message>
        <source>This is the largest tile.</source>
        <translation>Esta es la ficha más grande.</translation>
    </message>
    <message>
        <source>This is the smallest tile.</source>
        <translation>Esta es la ficha más pequeña.</translation>
    </message>
    <message>
        <source>There are no tiles.</source>
        <translation>No hay fichas.</translation>
    </message>
    <message>
        <source>What comes next is still being read.</source>
        <translation>Lo siguiente aún se está leyendo.</translation>
    </message>
    <message>
        <source>This is the last row of the queue.</source>
        <translation>Esta es la última fila de la cola.</translation>
    </message>
    <message>
        <source>This is the first row of the queue.</source>
        <translation>Esta es la primera fila de la cola.</translation>
    </message>
    <message>
        <source>No picture is on the screen yet.</source>
        <translation>Aún no hay ninguna imagen en la pantalla.</translation>
    </message>
    <message>
        <source>No more than {most} can be marked.</source>
        <translation>No se pueden marcar más de {most}.</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Aún no hay imagen que descubrir.</translation>
    </message>
    <message>
        <source>No tile is chosen; the arrows choose one.</source>
        <translation>Ninguna ficha elegida; las flechas eligen una.</translation>
    </message>
</context>
<context>
    <name>GridSheet</name>
    <message>
        <source>Scroll the sheet</source>
        <translation>Desplazar la hoja</translation>
    </message>
    <message>
        <source>Contact sheet</source>
        <translation>Hoja de contactos</translation>
    </message>
    <message>
        <source>No tile is chosen.</source>
        <translation>Ninguna ficha elegida.</translation>
    </message>
    <message>
        <source>marked</source>
        <translation>marcada</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>cubierta</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>mostrada</translation>
    </message>
    <message>
        <source>{tile}. {marked} marked.</source>
        <translation>{tile}. {marked} marcadas.</translation>
    </message>
    <message>
        <source>no picture</source>
        <translation>sin imagen</translation>
    </message>
    <message>
        <source>{n} frame|{n} frames</source>
        <translation>{n} cuadro|{n} cuadros</translation>
    </message>
    <message>
        <source>Reading the queue</source>
        <translation>Leyendo la cola</translation>
    </message>
    <message>
        <source>The tiles come as they are read.</source>
        <translation>Las fichas llegan según se leen.</translation>
    </message>
    <message>
        <source>Everything is covered</source>
        <translation>Todo está cubierto</translation>
    </message>
    <message>
        <source>Nothing can be decided until you go on.</source>
        <translation>No se puede decidir nada hasta que sigas.</translation>
    </message>
</context>
<context>
    <name>GridStrokes</name>
    <message>
        <source>There is no image on screen.</source>
        <translation>No hay imagen en la pantalla.</translation>
    </message>
    <message>
        <source>Nothing is to be confirmed.</source>
        <translation>No hay nada que confirmar.</translation>
    </message>
    <message>
        <source>Read first what would be done.</source>
        <translation>Lee antes lo que se haría.</translation>
    </message>
    <message>
        <source>Nothing done: the queue has just changed.</source>
        <translation>Nada hecho: la cola acaba de cambiar.</translation>
    </message>
    <message>
        <source>{result}; undo takes all of them back.</source>
        <translation>{result}; deshacer las retira todas.</translation>
    </message>
    <message>
        <source>{result}; undo takes it back.</source>
        <translation>{result}; deshacer la retira.</translation>
    </message>
    <message>
        <source>No tile is marked.</source>
        <translation>Ninguna ficha está marcada.</translation>
    </message>
</context>
<context>
    <name>GroupActions</name>
    <message>
        <source>There is no image.</source>
        <translation>No hay imagen.</translation>
    </message>
    <message>
        <source>No image like this one is known here.</source>
        <translation>Aquí no se conoce ninguna imagen como esta.</translation>
    </message>
</context>
<context>
    <name>GroupBoard</name>
    <message>
        <source>Images that are alike</source>
        <translation>Imágenes parecidas</translation>
    </message>
    <message>
        <source>Scroll the group</source>
        <translation>Desplazar el grupo</translation>
    </message>
    <message>
        <source>No image.</source>
        <translation>Sin imagen.</translation>
    </message>
    <message>
        <source>marked</source>
        <translation>marcada</translation>
    </message>
    <message>
        <source>not marked</source>
        <translation>sin marcar</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>cubierta</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>mostrada</translation>
    </message>
    <message>
        <source>{image}. {ticked} of {members} marked.</source>
        <translation>{image}. {ticked} de {members} marcadas.</translation>
    </message>
    <message>
        <source>Everything is covered</source>
        <translation>Todo está cubierto</translation>
    </message>
    <message>
        <source>Nothing can be decided now.</source>
        <translation>Ahora no se puede decidir nada.</translation>
    </message>
</context>
<context>
    <name>GroupSession</name>
    <message>
        <source>{effects} The same key again does it.</source>
        <translation>{effects} La misma tecla otra vez lo hace.</translation>
    </message>
    <message>
        <source>There is no picture beyond this one.</source>
        <translation>No hay imagen más allá de esta.</translation>
    </message>
    <message>
        <source>No image is marked.</source>
        <translation>Ninguna imagen está marcada.</translation>
    </message>
    <message>
        <source>There is no picture here.</source>
        <translation>Aquí no hay imagen.</translation>
    </message>
    <message>
        <source>{result}; undo takes the chosen one back, on the stage all of them.</source>
        <translation>{result}; deshacer retira la elegida, en el escenario todas.</translation>
    </message>
    <message>
        <source>{result}.</source>
        <translation>{result}.</translation>
    </message>
    <message>
        <source>What is {status} is overridden on the stage, one image at a time.</source>
        <translation>Lo que está {status} se anula en el escenario, imagen por imagen.</translation>
    </message>
    <message>
        <source>This picture does not wait in this queue.</source>
        <translation>Esta imagen no espera en esta cola.</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Aún no hay imagen que descubrir.</translation>
    </message>
</context>
<context>
    <name>GroupSheet</name>
    <message>
        <source>Images that are alike</source>
        <translation>Imágenes parecidas</translation>
    </message>
    <message>
        <source>That is not for a group: {key} goes back.</source>
        <translation>Eso no es para un grupo: {key} vuelve.</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La política no tiene motivo en {digit}.</translation>
    </message>
    <message>
        <source>{count} of {all} marked</source>
        <translation>{count} de {all} marcadas</translation>
    </message>
</context>
<context>
    <name>GroupWords</name>
    <message>
        <source>approved</source>
        <translation>aprobada</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rechazada</translation>
    </message>
    <message>
        <source>the image you came from</source>
        <translation>la imagen de la que vienes</translation>
    </message>
    <message>
        <source>no difference found</source>
        <translation>sin diferencias</translation>
    </message>
    <message>
        <source>{n} bit of 256 differ (pHash {phash})|{n} bits of 256 differ (pHash {phash})</source>
        <translation>{n} bit de 256 difiere (pHash {phash})|{n} bits de 256 difieren (pHash {phash})</translation>
    </message>
    <message>
        <source>waiting</source>
        <translation>esperando</translation>
    </message>
    <message>
        <source>not in this queue</source>
        <translation>no en esta cola</translation>
    </message>
    <message>
        <source>{state}, unposted</source>
        <translation>{state}, sin enviar</translation>
    </message>
    <message>
        <source>new</source>
        <translation>nueva</translation>
    </message>
</context>
<context>
    <name>HintStrip</name>
    <message>
        <source>Hide</source>
        <translation>Ocultar</translation>
    </message>
    <message>
        <source>Hide the key hints</source>
        <translation>Ocultar las ayudas de teclas</translation>
    </message>
    <message>
        <source>Hide the key hints; the setting “Key hints” shows them again</source>
        <translation>Ocultar las ayudas de teclas; el ajuste «Ayuda de teclas» las muestra de nuevo</translation>
    </message>
    <message>
        <source>Keys – {text}</source>
        <translation>Teclas – {text}</translation>
    </message>
</context>
<context>
    <name>History</name>
    <message>
        <source>held</source>
        <translation>retenida</translation>
    </message>
    <message>
        <source>to be posted</source>
        <translation>por enviar</translation>
    </message>
    <message>
        <source>being posted</source>
        <translation>enviándose</translation>
    </message>
    <message>
        <source>posted</source>
        <translation>enviada</translation>
    </message>
    <message>
        <source>stuck</source>
        <translation>atascada</translation>
    </message>
    <message>
        <source>conflict</source>
        <translation>conflicto</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>retirada</translation>
    </message>
    <message>
        <source>replaced</source>
        <translation>reemplazada</translation>
    </message>
    <message>
        <source>posted, then reversed</source>
        <translation>enviada, luego invertida</translation>
    </message>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Aún no hay imagen que descubrir.</translation>
    </message>
    <message>
        <source>It is posted as {status} already; only the other verdict can be posted now.</source>
        <translation>Ya está enviada como {status}; solo se puede enviar el otro veredicto.</translation>
    </message>
    <message>
        <source>That is what was decided already.</source>
        <translation>Eso es lo que ya se decidió.</translation>
    </message>
    <message>
        <source>It is posted as {status}; that cannot be undone, only reversed by the other verdict.</source>
        <translation>Está enviada como {status}; no se puede deshacer, solo invertir con el otro veredicto.</translation>
    </message>
    <message>
        <source>There is no decision to change.</source>
        <translation>No hay decisión que cambiar.</translation>
    </message>
    <message>
        <source>This decision counts no more ({state}).</source>
        <translation>Esta decisión ya no cuenta ({state}).</translation>
    </message>
    <message>
        <source>It is being posted at this moment; try again.</source>
        <translation>Se está enviando ahora mismo; inténtalo otra vez.</translation>
    </message>
    <message>
        <source>It is stuck: Outbox settles that.</source>
        <translation>Está atascada: la bandeja de salida lo resuelve.</translation>
    </message>
    <message>
        <source>It is in conflict: Outbox settles that.</source>
        <translation>Está en conflicto: la bandeja de salida lo resuelve.</translation>
    </message>
    <message>
        <source>Not changed: it was posted meanwhile.</source>
        <translation>Sin cambiar: se envió entretanto.</translation>
    </message>
    <message>
        <source>Changed to {status}; it is held anew.</source>
        <translation>Cambiada a {status}; queda retenida de nuevo.</translation>
    </message>
    <message>
        <source>It will be posted as {target}.</source>
        <translation>Se enviará como {target}.</translation>
    </message>
    <message>
        <source>Taken back: the image waits in the queue again.</source>
        <translation>Retirada: la imagen espera otra vez en la cola.</translation>
    </message>
    <message>
        <source>Taken back: an earlier choice counts.</source>
        <translation>Retirada: cuenta una elección anterior.</translation>
    </message>
    <message>
        <source>Not taken back: it was posted meanwhile.</source>
        <translation>Sin retirar: se envió entretanto.</translation>
    </message>
    <message>
        <source>It cannot be taken back any more.</source>
        <translation>Ya no se puede retirar.</translation>
    </message>
    <message>
        <source>Not saved. {title}: {message}</source>
        <translation>Sin guardar. {title}: {message}</translation>
    </message>
</context>
<context>
    <name>HistoryList</name>
    <message>
        <source>Your last decisions</source>
        <translation>Tus últimas decisiones</translation>
    </message>
</context>
<context>
    <name>HistoryPicture</name>
    <message>
        <source>Everything is covered</source>
        <translation>Todo está cubierto</translation>
    </message>
    <message>
        <source>Nothing can be changed meanwhile.</source>
        <translation>Mientras tanto no se puede cambiar nada.</translation>
    </message>
    <message>
        <source>No decision yet</source>
        <translation>Aún no hay decisiones</translation>
    </message>
    <message>
        <source>What you decide is listed here.</source>
        <translation>Lo que decidas aparece aquí.</translation>
    </message>
    <message>
        <source>Loading the image</source>
        <translation>Cargando la imagen</translation>
    </message>
    <message>
        <source>It comes from this machine or the service.</source>
        <translation>Viene de este equipo o del servicio.</translation>
    </message>
    <message>
        <source>Image of the decision</source>
        <translation>Imagen de la decisión</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>cubierta</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>mostrada</translation>
    </message>
    <message>
        <source>No picture</source>
        <translation>Sin imagen</translation>
    </message>
    <message>
        <source>{key} uncovers</source>
        <translation>{key} descubre</translation>
    </message>
</context>
<context>
    <name>HistorySheet</name>
    <message>
        <source>History · your last 50 decisions</source>
        <translation>Historial · tus últimas 50 decisiones</translation>
    </message>
    <message>
        <source>The policy has no reason on {digit}.</source>
        <translation>La política no tiene motivo en {digit}.</translation>
    </message>
    <message>
        <source>“{label}” is for the stage; {key} goes back to it.</source>
        <translation>«{label}» es para el escenario; {key} vuelve a él.</translation>
    </message>
    <message>
        <source>{text} Press {key} again to do it.</source>
        <translation>{text} Pulsa {key} otra vez para hacerlo.</translation>
    </message>
    <message>
        <source>{label} instead</source>
        <translation>Mejor: {label}</translation>
    </message>
</context>
<context>
    <name>InspectionActions</name>
    <message>
        <source>Zoom and place stay when the next image comes.</source>
        <translation>Zoom y lugar se mantienen en la imagen siguiente.</translation>
    </message>
    <message>
        <source>Each image begins whole and upright.</source>
        <translation>Cada imagen empieza entera y derecha.</translation>
    </message>
    <message>
        <source>Shadows as they are.</source>
        <translation>Sombras tal como son.</translation>
    </message>
    <message>
        <source>Shadows are brightened as soon as the image is uncovered.</source>
        <translation>Las sombras se aclaran en cuanto la imagen se descubre.</translation>
    </message>
    <message>
        <source>Shadows are brightened.</source>
        <translation>Las sombras están aclaradas.</translation>
    </message>
    <message>
        <source>There is no picture yet.</source>
        <translation>Aún no hay imagen.</translation>
    </message>
    <message>
        <source>This is the original already.</source>
        <translation>Este ya es el original.</translation>
    </message>
    <message>
        <source>Fetching the original{weight}.</source>
        <translation>Trayendo el original{weight}.</translation>
    </message>
    <message>
        <source>The original{weight} comes as soon as the service can be reached.</source>
        <translation>El original{weight} llega en cuanto el servicio esté accesible.</translation>
    </message>
    <message>
        <source>The original could not be fetched: {failed}</source>
        <translation>El original no se pudo traer: {failed}</translation>
    </message>
    <message>
        <source>The original is here and being opened.</source>
        <translation>El original está aquí y se está abriendo.</translation>
    </message>
    <message>
        <source>Original: {got} of {total}.</source>
        <translation>Original: {got} de {total}.</translation>
    </message>
    <message>
        <source>Original: {size} so far.</source>
        <translation>Original: {size} hasta ahora.</translation>
    </message>
    <message>
        <source>The original cannot be shown: {message}</source>
        <translation>El original no se puede mostrar: {message}</translation>
    </message>
    <message>
        <source>The original, {size} pixels.</source>
        <translation>El original, {size} píxeles.</translation>
    </message>
    <message>
        <source>What machines found is hidden until you decide.</source>
        <translation>Lo que hallaron las máquinas está oculto hasta que decidas.</translation>
    </message>
    <message>
        <source>What machines found is shown.</source>
        <translation>Lo que hallaron las máquinas se muestra.</translation>
    </message>
</context>
<context>
    <name>Integrity</name>
    <message>
        <source>Only part of the image arrived: {got_length} of {content_length} bytes. What you see may not be the whole picture.</source>
        <translation>Solo llegó parte de la imagen: {got_length} de {content_length} bytes. Lo que ves quizá no sea todo.</translation>
    </message>
    <message>
        <source>This is not the file that was listed: {got_length} bytes came, {listing_bytes} were listed. It may have been replaced since.</source>
        <translation>Este no es el archivo listado: llegaron {got_length} bytes, se listaron {listing_bytes}. Quizá lo reemplazaron después.</translation>
    </message>
    <message>
        <source>This is not the file that was listed: its checksum differs. It may have been replaced since.</source>
        <translation>Este no es el archivo listado: su suma de control difiere. Quizá lo reemplazaron después.</translation>
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
        <translation>Meta</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>Mayús</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Espacio</translation>
    </message>
    <message>
        <source>Backspace</source>
        <translation>Retroceso</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Supr</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Supr</translation>
    </message>
    <message>
        <source>Insert</source>
        <translation>Insert</translation>
    </message>
    <message>
        <source>Left</source>
        <translation>Izquierda</translation>
    </message>
    <message>
        <source>Right</source>
        <translation>Derecha</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Arriba</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Abajo</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Inicio</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Fin</translation>
    </message>
    <message>
        <source>PageUp</source>
        <translation>RePág</translation>
    </message>
    <message>
        <source>PageDown</source>
        <translation>AvPág</translation>
    </message>
    <message>
        <source>PgUp</source>
        <translation>RePág</translation>
    </message>
    <message>
        <source>PgDn</source>
        <translation>AvPág</translation>
    </message>
    <message>
        <source>Return</source>
        <translation>Intro</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Intro</translation>
    </message>
    <message>
        <source>Escape</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Esc</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>Tab</translation>
    </message>
    <message>
        <source>Num {sign}</source>
        <translation>Num {sign}</translation>
    </message>
</context>
<context>
    <name>KeyedButtons</name>
    <message>
        <source>{tip} Key {key}.</source>
        <translation>{tip} Tecla {key}.</translation>
    </message>
</context>
<context>
    <name>Keymap</name>
    <message>
        <source>Decide</source>
        <translation>Decidir</translation>
    </message>
    <message>
        <source>Move</source>
        <translation>Moverse</translation>
    </message>
    <message>
        <source>Grid</source>
        <translation>Cuadrícula</translation>
    </message>
    <message>
        <source>Look</source>
        <translation>Mirar</translation>
    </message>
    <message>
        <source>Panels</source>
        <translation>Paneles</translation>
    </message>
    <message>
        <source>Service</source>
        <translation>Servicio</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Ventana</translation>
    </message>
</context>
<context>
    <name>KeymapEditing</name>
    <message>
        <source>Mine</source>
        <translation>La mía</translation>
    </message>
    <message>
        <source>Your own keys clash with {preset}: {error} Reset them first.</source>
        <translation>Tus teclas propias chocan con {preset}: {error} Restablécelas antes.</translation>
    </message>
    <message>
        <source>{key} cannot be a key: Enter confirms and never decides, Escape leaves, and Tab goes from button to button.</source>
        <translation>{key} no puede ser una tecla: Intro confirma y nunca decide, Esc sale, y Tab va de botón en botón.</translation>
    </message>
    <message>
        <source>{key} is the key of “{label}”. Nothing was changed.</source>
        <translation>{key} es la tecla de «{label}». No se cambió nada.</translation>
    </message>
</context>
<context>
    <name>KeymapEditor</name>
    <message>
        <source>Choose a command, then “Change” or “Add”, then press the key.</source>
        <translation>Elige una orden, luego «Cambiar» o «Añadir», luego pulsa la tecla.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Teclas</translation>
    </message>
    <message>
        <source>{problem} The first change replaces that file.</source>
        <translation>{problem} El primer cambio reemplaza ese archivo.</translation>
    </message>
    <message>
        <source>&amp;Keymap</source>
        <translation>&amp;Teclado</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Teclado</translation>
    </message>
    <message>
        <source>&amp;Letters, digits and signs without Alt</source>
        <translation>&amp;Letras, cifras y signos sin Alt</translation>
    </message>
    <message>
        <source>Off: no letter, digit or sign is a key by itself; A is Alt+A then, Shift+B is Alt+Shift+B. For speech input, and for hands that touch keys by accident.</source>
        <translation>No: ninguna letra, cifra o signo es tecla por sí sola; A es entonces Alt+A, Mayús+B es Alt+Mayús+B. Para dictado, y para manos que tocan teclas sin querer.</translation>
    </message>
    <message>
        <source>Commands and their keys</source>
        <translation>Órdenes y sus teclas</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Orden</translation>
    </message>
    <message>
        <source>&amp;Change</source>
        <translation>&amp;Cambiar</translation>
    </message>
    <message>
        <source>Press the key of “{title}” now. Esc changes nothing.</source>
        <translation>Pulsa ahora la tecla de «{title}». Esc no cambia nada.</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>&amp;Añadir</translation>
    </message>
    <message>
        <source>Press another key of “{title}” now. Esc changes nothing.</source>
        <translation>Pulsa ahora otra tecla de «{title}». Esc no cambia nada.</translation>
    </message>
    <message>
        <source>Re&amp;move</source>
        <translation>&amp;Quitar</translation>
    </message>
    <message>
        <source>&amp;Reset</source>
        <translation>&amp;Restablecer</translation>
    </message>
    <message>
        <source>Reset a&amp;ll</source>
        <translation>Restablecer t&amp;odo</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>yours</source>
        <translation>tuya</translation>
    </message>
    <message>
        <source>Kept.</source>
        <translation>Guardado.</translation>
    </message>
</context>
<context>
    <name>KeymapFile</name>
    <message>
        <source>“{text}” is not a key.</source>
        <translation>«{text}» no es una tecla.</translation>
    </message>
    <message>
        <source>“{text}”: {name} is not a modifier key.</source>
        <translation>«{text}»: {name} no es una tecla modificadora.</translation>
    </message>
    <message>
        <source>there is no command “{command}”</source>
        <translation>no hay ninguna orden «{command}»</translation>
    </message>
    <message>
        <source>Keymap “{name}”: {faults}.</source>
        <translation>Teclado «{name}»: {faults}.</translation>
    </message>
    <message>
        <source>The keymap file is not valid TOML: {error}</source>
        <translation>El archivo del teclado no es TOML válido: {error}</translation>
    </message>
    <message>
        <source>The keymap file has no [keys] table.</source>
        <translation>El archivo del teclado no tiene tabla [keys].</translation>
    </message>
    <message>
        <source>Keymap: {command} must be a key or a list of keys.</source>
        <translation>Teclado: {command} debe ser una tecla o una lista de teclas.</translation>
    </message>
    <message>
        <source>unnamed</source>
        <translation>sin nombre</translation>
    </message>
    <message>
        <source>{command} has an empty key</source>
        <translation>{command} tiene una tecla vacía</translation>
    </message>
    <message>
        <source>{keys} ({command}) is reserved and cannot be bound</source>
        <translation>{keys} ({command}) está reservada y no se puede asignar</translation>
    </message>
    <message>
        <source>{keys} ({command}) begins with the key of {other}</source>
        <translation>{keys} ({command}) empieza por la tecla de {other}</translation>
    </message>
    <message>
        <source>{keys} is used by both {other} and {command}</source>
        <translation>{keys} sirve a la vez para {other} y para {command}</translation>
    </message>
    <message>
        <source>{keys} ({command}) is the beginning of another key sequence</source>
        <translation>{keys} ({command}) es el comienzo de otra secuencia de teclas</translation>
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
        <translation>Predeterminado</translation>
    </message>
    <message>
        <source>Label Studio</source>
        <translation>Label Studio</translation>
    </message>
    <message>
        <source>Left hand</source>
        <translation>Mano izquierda</translation>
    </message>
    <message>
        <source>Lightroom</source>
        <translation>Lightroom</translation>
    </message>
    <message>
        <source>Number pad</source>
        <translation>Teclado numérico</translation>
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
        <translation>No hay teclado «{extends}». Hay: {join}.</translation>
    </message>
    <message>
        <source>{path}: {error} The last good keys are in use.</source>
        <translation>{path}: {error} Se usan las últimas teclas correctas.</translation>
    </message>
    <message>
        <source>{path}: {error} The shipped keys are in use.</source>
        <translation>{path}: {error} Se usan las teclas originales.</translation>
    </message>
    <message>
        <source>The keys cannot be kept for the day their file is wrong. {error}</source>
        <translation>Las teclas no se pueden guardar para el día en que su archivo falle. {error}</translation>
    </message>
</context>
<context>
    <name>LabelBars</name>
    <message>
        <source>Machine labels</source>
        <translation>Etiquetas automáticas</translation>
    </message>
    <message>
        <source>{score} over {threshold:.0f}</source>
        <translation>{score} sobre {threshold:.0f}</translation>
    </message>
    <message>
        <source>{score} of {threshold:.0f}</source>
        <translation>{score} de {threshold:.0f}</translation>
    </message>
    <message>
        <source>{name} {confidence:.0f} percent, threshold {threshold:.0f}</source>
        <translation>{name} {confidence:.0f} por ciento, umbral {threshold:.0f}</translation>
    </message>
</context>
<context>
    <name>ListsSheet</name>
    <message>
        <source>Skipped</source>
        <translation>Saltadas</translation>
    </message>
    <message>
        <source>Put at the back of the queue: {count}.</source>
        <translation>Puestas al final de la cola: {count}.</translation>
    </message>
    <message>
        <source>Nothing is skipped.</source>
        <translation>No hay nada saltado.</translation>
    </message>
    <message>
        <source>Flagged</source>
        <translation>Señaladas</translation>
    </message>
    <message>
        <source>Bookmarks; they change nothing of the queue: {count}.</source>
        <translation>Marcadores; no cambian nada de la cola: {count}.</translation>
    </message>
    <message>
        <source>Nothing is flagged.</source>
        <translation>No hay nada señalado.</translation>
    </message>
    <message>
        <source>Escalated</source>
        <translation>Escaladas</translation>
    </message>
    <message>
        <source>Waiting for a second opinion: {count}.</source>
        <translation>Esperan una segunda opinión: {count}.</translation>
    </message>
    <message>
        <source>Nothing is escalated.</source>
        <translation>No hay nada escalado.</translation>
    </message>
    <message>
        <source>&amp;Bring back (Enter)</source>
        <translation>&amp;Traer de vuelta (Intro)</translation>
    </message>
    <message>
        <source>&amp;Look at it (Enter)</source>
        <translation>&amp;Mirarla (Intro)</translation>
    </message>
    <message>
        <source>Skipped, flagged, escalated</source>
        <translation>Saltadas, señaladas, escaladas</translation>
    </message>
    <message>
        <source>Lists</source>
        <translation>Listas</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Leyendo…</translation>
    </message>
    <message>
        <source>Images of this list</source>
        <translation>Imágenes de esta lista</translation>
    </message>
    <message>
        <source>&amp;Remove flag (Del)</source>
        <translation>&amp;Quitar marcador (Supr)</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Cerrar (Esc)</translation>
    </message>
    <message>
        <source>{n} image|{n} images</source>
        <translation>{n} imagen|{n} imágenes</translation>
    </message>
    <message>
        <source>Escalate</source>
        <translation>Escalar</translation>
    </message>
    <message>
        <source>Ask for a second opinion</source>
        <translation>Pedir una segunda opinión</translation>
    </message>
    <message>
        <source>{name} leaves your queue and stays pending at the service, for somebody else to decide.</source>
        <translation>{name} sale de tu cola y sigue pendiente en el servicio, para que decida otra persona.</translation>
    </message>
    <message>
        <source>Why, or what is to be looked at</source>
        <translation>Por qué, o qué hay que mirar</translation>
    </message>
    <message>
        <source>&amp;Escalate (Enter)</source>
        <translation>&amp;Escalar (Intro)</translation>
    </message>
    <message>
        <source>Cancel (Esc)</source>
        <translation>Cancelar (Esc)</translation>
    </message>
    <message>
        <source>Another image is on the stage now.</source>
        <translation>Ahora hay otra imagen en el escenario.</translation>
    </message>
    <message>
        <source>since {when} by {actor}</source>
        <translation>desde {when} por {actor}</translation>
    </message>
    <message>
        <source>you</source>
        <translation>ti</translation>
    </message>
    <message>
        <source>skipped {count} times</source>
        <translation>saltada {count} veces</translation>
    </message>
</context>
<context>
    <name>LookActions</name>
    <message>
        <source>Theme: {name}.</source>
        <translation>Tema: {name}.</translation>
    </message>
    <message>
        <source>Text size: {percent} %.</source>
        <translation>Tamaño del texto: {percent} %.</translation>
    </message>
</context>
<context>
    <name>Media</name>
    <message>
        <source>The file has more than {limit} bytes.</source>
        <translation>El archivo tiene más de {limit} bytes.</translation>
    </message>
    <message>
        <source>Showing this image needs more memory.</source>
        <translation>Mostrar esta imagen necesita más memoria.</translation>
    </message>
    <message>
        <source>The copy on this machine is damaged; fetch it again.</source>
        <translation>La copia en este equipo está dañada; hay que traerla de nuevo.</translation>
    </message>
    <message>
        <source>Decoding this image needs more memory.</source>
        <translation>Decodificar esta imagen necesita más memoria.</translation>
    </message>
    <message>
        <source>The image is not on this machine; it has to be fetched.</source>
        <translation>La imagen no está en este equipo; hay que traerla.</translation>
    </message>
    <message>
        <source>Decoding was stopped after {seconds} seconds.</source>
        <translation>La decodificación se detuvo tras {seconds} segundos.</translation>
    </message>
    <message>
        <source>The image decoder does not start on this machine.</source>
        <translation>El decodificador de imágenes no arranca en este equipo.</translation>
    </message>
    <message>
        <source>The image decoder ended twice on this image.</source>
        <translation>El decodificador de imágenes terminó dos veces con esta imagen.</translation>
    </message>
    <message>
        <source>The fingerprint of this image needs more memory.</source>
        <translation>La huella de esta imagen necesita más memoria.</translation>
    </message>
    <message>
        <source>The fingerprint of this image took too long.</source>
        <translation>La huella de esta imagen tardó demasiado.</translation>
    </message>
    <message>
        <source>The fingerprint worker ended twice on this image.</source>
        <translation>El proceso de huellas terminó dos veces con esta imagen.</translation>
    </message>
    <message>
        <source>The file is not a picture but {what}.</source>
        <translation>El archivo no es una imagen, sino {what}.</translation>
    </message>
    <message>
        <source>a video</source>
        <translation>un vídeo</translation>
    </message>
    <message>
        <source>a Windows program</source>
        <translation>un programa de Windows</translation>
    </message>
    <message>
        <source>a Linux program</source>
        <translation>un programa de Linux</translation>
    </message>
    <message>
        <source>a Mac program or Java class</source>
        <translation>un programa de Mac o una clase de Java</translation>
    </message>
    <message>
        <source>a Mac program</source>
        <translation>un programa de Mac</translation>
    </message>
    <message>
        <source>a script</source>
        <translation>un script</translation>
    </message>
    <message>
        <source>a ZIP archive or office document</source>
        <translation>un archivo ZIP o un documento de oficina</translation>
    </message>
    <message>
        <source>a PDF document</source>
        <translation>un documento PDF</translation>
    </message>
    <message>
        <source>a PostScript document</source>
        <translation>un documento PostScript</translation>
    </message>
    <message>
        <source>a Photoshop document</source>
        <translation>un documento de Photoshop</translation>
    </message>
    <message>
        <source>compressed data</source>
        <translation>datos comprimidos</translation>
    </message>
    <message>
        <source>a sound file</source>
        <translation>un archivo de sonido</translation>
    </message>
    <message>
        <source>an SVG drawing</source>
        <translation>un dibujo SVG</translation>
    </message>
    <message>
        <source>a web page</source>
        <translation>una página web</translation>
    </message>
    <message>
        <source>The file is empty.</source>
        <translation>El archivo está vacío.</translation>
    </message>
    <message>
        <source>a markup document</source>
        <translation>un documento de marcado</translation>
    </message>
    <message>
        <source>The file is not a picture in a format that can be shown here.</source>
        <translation>El archivo no es una imagen en un formato que se pueda mostrar aquí.</translation>
    </message>
    <message>
        <source>The file has {size} bytes; {limit} is the limit.</source>
        <translation>El archivo tiene {size} bytes; el límite es {limit}.</translation>
    </message>
    <message>
        <source>Decoding this image needs more memory than it may use.</source>
        <translation>Decodificar esta imagen necesita más memoria de la permitida.</translation>
    </message>
    <message>
        <source>The {kind} file is damaged: its beginning cannot be read.</source>
        <translation>El archivo {kind} está dañado: su comienzo no se puede leer.</translation>
    </message>
    <message>
        <source>The {kind} file is damaged or cut short{why}.</source>
        <translation>El archivo {kind} está dañado o incompleto{why}.</translation>
    </message>
    <message>
        <source>{kind} pictures can be shown when the {extra} extra is installed.</source>
        <translation>Las imágenes {kind} se pueden mostrar si está instalado el extra {extra}.</translation>
    </message>
    <message>
        <source>The image says that it has no pixels.</source>
        <translation>La imagen declara que no tiene píxeles.</translation>
    </message>
    <message>
        <source>The image says that it is {width} × {height} pixels; more than {most} megapixels are not decoded.</source>
        <translation>La imagen declara {width} × {height} píxeles; más de {most} megapíxeles no se decodifican.</translation>
    </message>
</context>
<context>
    <name>MessageLine</name>
    <message>
        <source>shows every key</source>
        <translation>muestra todas las teclas</translation>
    </message>
    <message>
        <source>finds every command</source>
        <translation>encuentra todas las órdenes</translation>
    </message>
    <message>
        <source>Reverse all {many}</source>
        <translation>Invertir las {many}</translation>
    </message>
    <message>
        <source>Approve instead</source>
        <translation>Mejor aprobar</translation>
    </message>
    <message>
        <source>Reject instead</source>
        <translation>Mejor rechazar</translation>
    </message>
    <message>
        <source>{effects} Press {key} again to do it.</source>
        <translation>{effects} Pulsa {key} otra vez para hacerlo.</translation>
    </message>
</context>
<context>
    <name>NetworkLink</name>
    <message>
        <source>The network process ended ({ending}) and is started again.</source>
        <translation>El proceso de red terminó ({ending}) y se inicia de nuevo.</translation>
    </message>
    <message>
        <source>The network process cannot be started ({strerror}).</source>
        <translation>El proceso de red no se puede iniciar ({strerror}).</translation>
    </message>
</context>
<context>
    <name>NetworkPrefetch</name>
    <message>
        <source>This picture was destroyed here for good; it is not fetched again.</source>
        <translation>Esta imagen se destruyó aquí para siempre; no se vuelve a traer.</translation>
    </message>
    <message>
        <source>The service delivers no rejected images, so there is no picture to look at. It can be skipped; approved elsewhere, it is delivered again.</source>
        <translation>El servicio no entrega imágenes rechazadas, así que no hay nada que mirar. Se puede saltar; aprobada en otro lugar, vuelve a entregarse.</translation>
    </message>
    <message>
        <source>The service gives no address for this image.</source>
        <translation>El servicio no da dirección para esta imagen.</translation>
    </message>
    <message>
        <source>The image cache has no room for it.</source>
        <translation>La caché de imágenes no tiene sitio para ella.</translation>
    </message>
</context>
<context>
    <name>NetworkProcess</name>
    <message>
        <source>Another station is at work here.</source>
        <translation>Aquí trabaja otra estación.</translation>
    </message>
</context>
<context>
    <name>OfflineTrip</name>
    <message>
        <source>There is no room for so many any more.</source>
        <translation>Ya no hay sitio para tantas.</translation>
    </message>
</context>
<context>
    <name>Outbox</name>
    <message>
        <source>The picture was replaced after it was decided.</source>
        <translation>La imagen fue reemplazada después de decidirla.</translation>
    </message>
    <message>
        <source>The service says {status}.</source>
        <translation>El servicio dice: {status}.</translation>
    </message>
    <message>
        <source>Replaced by a newer decision.</source>
        <translation>Reemplazada por una decisión más nueva.</translation>
    </message>
    <message>
        <source>The program ended while this was being posted.</source>
        <translation>El programa terminó mientras se enviaba.</translation>
    </message>
    <message>
        <source>Taken back.</source>
        <translation>Retirada.</translation>
    </message>
    <message>
        <source>Dropped.</source>
        <translation>Descartada.</translation>
    </message>
    <message>
        <source>Theirs was accepted.</source>
        <translation>Se aceptó la decisión ajena.</translation>
    </message>
    <message>
        <source>To be looked at again.</source>
        <translation>Se mirará otra vez.</translation>
    </message>
</context>
<context>
    <name>OutboxDialog</name>
    <message>
        <source>Try again</source>
        <translation>Reintentar</translation>
    </message>
    <message>
        <source>Post this decision once more.</source>
        <translation>Enviar esta decisión una vez más.</translation>
    </message>
    <message>
        <source>Post this one</source>
        <translation>Enviar esta</translation>
    </message>
    <message>
        <source>Post this decision now.</source>
        <translation>Enviar esta decisión ahora.</translation>
    </message>
    <message>
        <source>Drop…</source>
        <translation>Descartar…</translation>
    </message>
    <message>
        <source>Never post this decision; the image may come back.</source>
        <translation>No enviar nunca esta decisión; la imagen puede volver.</translation>
    </message>
    <message>
        <source>Keep mine</source>
        <translation>Mantener la mía</translation>
    </message>
    <message>
        <source>Post your verdict over the other one.</source>
        <translation>Enviar tu veredicto sobre el otro.</translation>
    </message>
    <message>
        <source>Accept theirs</source>
        <translation>Aceptar la otra</translation>
    </message>
    <message>
        <source>Leave the image as the other one decided.</source>
        <translation>Dejar la imagen como la decidió la otra persona.</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Mirar de nuevo</translation>
    </message>
    <message>
        <source>Bring the image back into the queue.</source>
        <translation>Traer la imagen de vuelta a la cola.</translation>
    </message>
    <message>
        <source>Outbox</source>
        <translation>Bandeja de salida</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Leyendo…</translation>
    </message>
    <message>
        <source>Decisions that are not posted</source>
        <translation>Decisiones sin enviar</translation>
    </message>
    <message>
        <source>Why it is dropped; kept in the record</source>
        <translation>Por qué se descarta; queda en el registro</translation>
    </message>
    <message>
        <source>Why it is dropped</source>
        <translation>Por qué se descarta</translation>
    </message>
    <message>
        <source>Drop it</source>
        <translation>Descartarla</translation>
    </message>
    <message>
        <source>It is never posted.</source>
        <translation>No se envía nunca.</translation>
    </message>
    <message>
        <source>Ask the service again, whatever stopped the outbox.</source>
        <translation>Preguntar otra vez al servicio, sea lo que sea que detuvo la bandeja.</translation>
    </message>
    <message>
        <source>Try all now</source>
        <translation>Reintentar todas</translation>
    </message>
    <message>
        <source>Post what is held for undo.</source>
        <translation>Enviar lo aún retenido.</translation>
    </message>
    <message>
        <source>Post held</source>
        <translation>Enviar retenidas</translation>
    </message>
    <message>
        <source>Page before</source>
        <translation>Página anterior</translation>
    </message>
    <message>
        <source>Next page</source>
        <translation>Página siguiente</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Cerrar (Esc)</translation>
    </message>
    <message>
        <source>Page {page}</source>
        <translation>Página {page}</translation>
    </message>
</context>
<context>
    <name>OutboxWords</name>
    <message>
        <source>held for undo</source>
        <translation>retenida</translation>
    </message>
    <message>
        <source>to be posted</source>
        <translation>por enviar</translation>
    </message>
    <message>
        <source>being posted</source>
        <translation>enviándose</translation>
    </message>
    <message>
        <source>stuck</source>
        <translation>atascada</translation>
    </message>
    <message>
        <source>conflict</source>
        <translation>conflicto</translation>
    </message>
    <message>
        <source>decided {when} by {actor}</source>
        <translation>decidida {when} por {actor}</translation>
    </message>
    <message>
        <source>you</source>
        <translation>ti</translation>
    </message>
    <message>
        <source>tried once|tried {n} times</source>
        <translation>intentada una vez|intentada {n} veces</translation>
    </message>
    <message>
        <source>posted in {seconds}</source>
        <translation>se envía en {seconds}</translation>
    </message>
    <message>
        <source>next try in {seconds}</source>
        <translation>próximo intento en {seconds}</translation>
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
        <translation>Entretanto se subió otra imagen con este nombre; mírala antes.</translation>
    </message>
    <message>
        <source>Meanwhile the service says {theirs}.</source>
        <translation>Entretanto el servicio dice: {theirs}.</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>Veredicto</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Cuándo</translation>
    </message>
    <message>
        <source>Who</source>
        <translation>Quién</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Por qué</translation>
    </message>
    <message>
        <source>no reason given</source>
        <translation>sin motivo dado</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Nota</translation>
    </message>
    <message>
        <source>none</source>
        <translation>ninguna</translation>
    </message>
    <message>
        <source>the service does not say</source>
        <translation>el servicio no lo dice</translation>
    </message>
    <message>
        <source>another picture was uploaded</source>
        <translation>se subió otra imagen</translation>
    </message>
    <message>
        <source>Everything is posted.</source>
        <translation>Todo está enviado.</translation>
    </message>
    <message>
        <source>{n} decision waits; nothing is posted while you are offline.|{n} decisions wait; nothing is posted while you are offline.</source>
        <translation>{n} decisión espera; sin conexión no se envía nada.|{n} decisiones esperan; sin conexión no se envía nada.</translation>
    </message>
    <message>
        <source>Tried again at {when}.</source>
        <translation>Nuevo intento a las {when}.</translation>
    </message>
    <message>
        <source>{key} tries again now.</source>
        <translation>{key} reintenta ahora.</translation>
    </message>
    <message>
        <source>{n} decision cannot go on without you.|{n} decisions cannot go on without you.</source>
        <translation>{n} decisión no avanza sin ti.|{n} decisiones no avanzan sin ti.</translation>
    </message>
    <message>
        <source>The others are posted by themselves.</source>
        <translation>Las otras se envían solas.</translation>
    </message>
    <message>
        <source>These are posted by themselves; nothing is to be done.</source>
        <translation>Estas se envían solas; no hay nada que hacer.</translation>
    </message>
</context>
<context>
    <name>Overlay</name>
    <message>
        <source>Close (Esc)</source>
        <translation>Cerrar (Esc)</translation>
    </message>
</context>
<context>
    <name>Overriding</name>
    <message>
        <source>What is {status} is overridden one image at a time.</source>
        <translation>Lo que está {status} se anula imagen por imagen.</translation>
    </message>
    <message>
        <source>This image is {status} already; nothing is to be posted.</source>
        <translation>Esta imagen ya está {status}; no hay nada que enviar.</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>none</source>
        <translation>ninguna</translation>
    </message>
    <message>
        <source>{title}. {help} Key: {keys}.</source>
        <translation>{title}. {help} Tecla: {keys}.</translation>
    </message>
    <message>
        <source>Reject: {reason}</source>
        <translation>Rechazar: {reason}</translation>
    </message>
    <message>
        <source>“{title}” decides, and Enter never decides: close this, use its button.</source>
        <translation>«{title}» decide, e Intro nunca decide: cierra esto, usa su botón.</translation>
    </message>
    <message>
        <source>“{title}” decides, and Enter never decides: close this and press {key}.</source>
        <translation>«{title}» decide, e Intro nunca decide: cierra esto y pulsa {key}.</translation>
    </message>
</context>
<context>
    <name>Parsing</name>
    <message>
        <source>The answer is nested too deeply.</source>
        <translation>La respuesta está anidada demasiado.</translation>
    </message>
    <message>
        <source>The answer is not JSON.</source>
        <translation>La respuesta no es JSON.</translation>
    </message>
    <message>
        <source>The answer is not a JSON object.</source>
        <translation>La respuesta no es un objeto JSON.</translation>
    </message>
    <message>
        <source>The answer is not a list of images.</source>
        <translation>La respuesta no es una lista de imágenes.</translation>
    </message>
</context>
<context>
    <name>Past</name>
    <message>
        <source>The answer holds no decisions.</source>
        <translation>La respuesta no trae decisiones.</translation>
    </message>
</context>
<context>
    <name>Paths</name>
    <message>
        <source>The folder {folder} cannot be made: {why}.</source>
        <translation>La carpeta {folder} no se puede crear: {why}.</translation>
    </message>
    <message>
        <source>{path} cannot be written: {why}.</source>
        <translation>{path} no se puede escribir: {why}.</translation>
    </message>
</context>
<context>
    <name>Policies</name>
    <message>
        <source>the last good one</source>
        <translation>la última buena</translation>
    </message>
    <message>
        <source>the shipped one</source>
        <translation>la original</translation>
    </message>
    <message>
        <source>{error} {title} ({version}), {name}, is in use instead, and every image starts covered.</source>
        <translation>{error} {title} ({version}), {name}, se usa en su lugar, y cada imagen empieza cubierta.</translation>
    </message>
    <message>
        <source>The policy cannot be kept for the day its file is wrong. {error}</source>
        <translation>La política no se puede guardar para el día en que su archivo falle. {error}</translation>
    </message>
</context>
<context>
    <name>Policy</name>
    <message>
        <source>Default policy</source>
        <translation>Política predeterminada</translation>
    </message>
    <message>
        <source>Nudity</source>
        <translation>Desnudez</translation>
    </message>
    <message>
        <source>Bare genitals, buttocks or female nipples outside medicine, breast-feeding and art.</source>
        <translation>Genitales, nalgas o pezones femeninos desnudos fuera de la medicina, la lactancia y el arte.</translation>
    </message>
    <message>
        <source>A mother who nurses her child</source>
        <translation>Una madre que amamanta a su hijo</translation>
    </message>
    <message>
        <source>A marble statue</source>
        <translation>Una estatua de mármol</translation>
    </message>
    <message>
        <source>A scar after surgery</source>
        <translation>Una cicatriz tras una operación</translation>
    </message>
    <message>
        <source>A nude selfie</source>
        <translation>Un selfi desnudo</translation>
    </message>
    <message>
        <source>A see-through dress that hides nothing</source>
        <translation>Un vestido transparente que no oculta nada</translation>
    </message>
    <message>
        <source>Adult sexual content</source>
        <translation>Contenido sexual adulto</translation>
    </message>
    <message>
        <source>Sexual acts, arousal or services, shown or offered, photographed or drawn.</source>
        <translation>Actos sexuales, excitación o servicios, mostrados u ofrecidos, fotografiados o dibujados.</translation>
    </message>
    <message>
        <source>A couple who kiss</source>
        <translation>Una pareja que se besa</translation>
    </message>
    <message>
        <source>Swimwear on a beach</source>
        <translation>Trajes de baño en la playa</translation>
    </message>
    <message>
        <source>A sexual act, also drawn</source>
        <translation>Un acto sexual, también dibujado</translation>
    </message>
    <message>
        <source>An offer of sexual services</source>
        <translation>Una oferta de servicios sexuales</translation>
    </message>
    <message>
        <source>Graphic violence</source>
        <translation>Violencia gráfica</translation>
    </message>
    <message>
        <source>Open wounds, corpses, torture or cruelty to animals, shown to shock or to praise.</source>
        <translation>Heridas abiertas, cadáveres, tortura o crueldad con animales, para impactar o ensalzar.</translation>
    </message>
    <message>
        <source>A news photo of smoke over a town</source>
        <translation>Una foto de prensa de humo sobre una ciudad</translation>
    </message>
    <message>
        <source>A bandaged hand</source>
        <translation>Una mano vendada</translation>
    </message>
    <message>
        <source>An open wound in close-up</source>
        <translation>Una herida abierta en primer plano</translation>
    </message>
    <message>
        <source>An animal that is being beaten</source>
        <translation>Un animal al que golpean</translation>
    </message>
    <message>
        <source>Hate</source>
        <translation>Odio</translation>
    </message>
    <message>
        <source>Attacks on people for what they are; symbols of hate groups without news or teaching.</source>
        <translation>Ataques a personas por lo que son; símbolos de grupos de odio sin información ni enseñanza.</translation>
    </message>
    <message>
        <source>A museum display of a banned flag</source>
        <translation>Una bandera prohibida expuesta en un museo</translation>
    </message>
    <message>
        <source>A photo from a history lesson</source>
        <translation>Una foto de una clase de historia</translation>
    </message>
    <message>
        <source>A slur over somebody’s portrait</source>
        <translation>Un insulto sobre el retrato de alguien</translation>
    </message>
    <message>
        <source>A salute in front of a banned symbol</source>
        <translation>Un saludo ante un símbolo prohibido</translation>
    </message>
    <message>
        <source>Self-harm</source>
        <translation>Autolesiones</translation>
    </message>
    <message>
        <source>Self-injury, suicide or eating disorders, shown, praised or taught.</source>
        <translation>Autolesiones, suicidio o trastornos alimentarios, mostrados, alabados o enseñados.</translation>
    </message>
    <message>
        <source>The number of a helpline</source>
        <translation>El número de una línea de ayuda</translation>
    </message>
    <message>
        <source>Old scars in a story of recovery</source>
        <translation>Cicatrices viejas en una historia de recuperación</translation>
    </message>
    <message>
        <source>Fresh cuts</source>
        <translation>Cortes recientes</translation>
    </message>
    <message>
        <source>Praise of starving</source>
        <translation>Elogio de pasar hambre</translation>
    </message>
    <message>
        <source>Drugs, weapons, banned goods</source>
        <translation>Drogas, armas, prohibidos</translation>
    </message>
    <message>
        <source>Offers or praise of drugs, weapons, wildlife or anything else that may not be sold.</source>
        <translation>Ofertas o elogios de drogas, armas, fauna o cualquier otra cosa que no se puede vender.</translation>
    </message>
    <message>
        <source>A kitchen knife in a cookery class</source>
        <translation>Un cuchillo en una clase de cocina</translation>
    </message>
    <message>
        <source>A glass of wine</source>
        <translation>Una copa de vino</translation>
    </message>
    <message>
        <source>Pills with a price</source>
        <translation>Pastillas con precio</translation>
    </message>
    <message>
        <source>A pistol for sale</source>
        <translation>Una pistola en venta</translation>
    </message>
    <message>
        <source>Scam, phishing, impersonation</source>
        <translation>Estafa, phishing, suplantación</translation>
    </message>
    <message>
        <source>Fake profiles, offers or sign-in pages; codes and links made to deceive.</source>
        <translation>Perfiles, ofertas o páginas de acceso falsos; códigos y enlaces hechos para engañar.</translation>
    </message>
    <message>
        <source>A shop’s own advertisement</source>
        <translation>La publicidad propia de una tienda</translation>
    </message>
    <message>
        <source>A code on a poster of a known event</source>
        <translation>Un código en el cartel de un evento conocido</translation>
    </message>
    <message>
        <source>A copied sign-in page</source>
        <translation>Una página de acceso copiada</translation>
    </message>
    <message>
        <source>A giveaway in a celebrity’s name</source>
        <translation>Un sorteo a nombre de un famoso</translation>
    </message>
    <message>
        <source>Copyright or trademark</source>
        <translation>Derechos de autor o marca</translation>
    </message>
    <message>
        <source>Someone else&apos;s work or mark: visible watermark, screenshot of a shop, counterfeit goods.</source>
        <translation>Obra o marca ajena: marca de agua visible, captura de una tienda, falsificaciones.</translation>
    </message>
    <message>
        <source>A photo of the goods by their seller</source>
        <translation>Una foto del artículo por su vendedor</translation>
    </message>
    <message>
        <source>A parody that is plainly one</source>
        <translation>Una parodia que claramente lo es</translation>
    </message>
    <message>
        <source>A stock photo with its watermark</source>
        <translation>Una foto de agencia con su marca de agua</translation>
    </message>
    <message>
        <source>A handbag with a false label</source>
        <translation>Un bolso con etiqueta falsa</translation>
    </message>
    <message>
        <source>Personal data exposed</source>
        <translation>Datos personales expuestos</translation>
    </message>
    <message>
        <source>Readable papers, cards, number plates, addresses or medical records of a person.</source>
        <translation>Papeles, tarjetas, matrículas, direcciones o historiales médicos legibles de una persona.</translation>
    </message>
    <message>
        <source>A face in a crowd</source>
        <translation>Una cara en la multitud</translation>
    </message>
    <message>
        <source>A number plate that cannot be read</source>
        <translation>Una matrícula ilegible</translation>
    </message>
    <message>
        <source>A passport</source>
        <translation>Un pasaporte</translation>
    </message>
    <message>
        <source>A letter with name and address</source>
        <translation>Una carta con nombre y dirección</translation>
    </message>
    <message>
        <source>Quality, off-topic, other</source>
        <translation>Calidad, fuera de tema, otros</translation>
    </message>
    <message>
        <source>Unusable, a duplicate, out of place, or against a rule that has no key of its own.</source>
        <translation>Inservible, duplicada, fuera de lugar o contra una regla sin tecla propia.</translation>
    </message>
    <message>
        <source>A dark photo that can still be made out</source>
        <translation>Una foto oscura que aún se distingue</translation>
    </message>
    <message>
        <source>Nothing but blur</source>
        <translation>Nada más que borrón</translation>
    </message>
    <message>
        <source>The same photo for the third time</source>
        <translation>La misma foto por tercera vez</translation>
    </message>
    <message>
        <source>A screenshot of a menu</source>
        <translation>Una captura de un menú</translation>
    </message>
    <message>
        <source>Intimate image without consent</source>
        <translation>Imagen íntima sin consentimiento</translation>
    </message>
    <message>
        <source>A real or faked intimate image of someone who, as far as can be seen, did not agree.</source>
        <translation>Una imagen íntima real o falsa de alguien que, por lo que se ve, no consintió.</translation>
    </message>
    <message>
        <source>A hidden camera</source>
        <translation>Una cámara oculta</translation>
    </message>
    <message>
        <source>A face put on somebody else’s body</source>
        <translation>Una cara puesta en el cuerpo de otra persona</translation>
    </message>
    <message>
        <source>Suspected child abuse</source>
        <translation>Sospecha de abuso infantil</translation>
    </message>
    <message>
        <source>Anything that may sexualise or abuse a child. Do not copy, share or describe it; escalate.</source>
        <translation>Todo lo que pueda sexualizar a un menor o abusar de él. No copiar, compartir ni describir; escalar.</translation>
    </message>
    <message>
        <source>Terrorist content</source>
        <translation>Contenido terrorista</translation>
    </message>
    <message>
        <source>Propaganda, recruitment, instructions or praise of attacks by a terrorist group.</source>
        <translation>Propaganda, reclutamiento, instrucciones o elogio de atentados de un grupo terrorista.</translation>
    </message>
    <message>
        <source>A news photo of an attack</source>
        <translation>Una foto de prensa de un atentado</translation>
    </message>
    <message>
        <source>A recruiting poster</source>
        <translation>Un cartel de reclutamiento</translation>
    </message>
    <message>
        <source>Instructions for a weapon</source>
        <translation>Instrucciones para un arma</translation>
    </message>
    <message>
        <source>Tell the person whom your site has named for such cases now, and give them the public ID only. Do not open the image again, and do not copy, forward or describe it. If you need a break, take it.</source>
        <translation>Avisa ahora a la persona que tu sitio ha designado para estos casos y dale solo el ID público. No vuelvas a abrir la imagen, y no la copies, reenvíes ni describas. Si necesitas una pausa, tómala.</translation>
    </message>
</context>
<context>
    <name>PolicyFile</name>
    <message>
        <source>The policy file is not valid TOML: {error}</source>
        <translation>El archivo de política no es TOML válido: {error}</translation>
    </message>
    <message>
        <source>The policy file has no [policy] table.</source>
        <translation>El archivo de política no tiene tabla [policy].</translation>
    </message>
    <message>
        <source>“reason” in the policy file must be a list of [[reason]] tables.</source>
        <translation>«reason» en el archivo de política debe ser una lista de tablas [[reason]].</translation>
    </message>
    <message>
        <source>The policy file has no version in its [policy] table.</source>
        <translation>El archivo de política no tiene version en su tabla [policy].</translation>
    </message>
    <message>
        <source>The policy file</source>
        <translation>El archivo de política</translation>
    </message>
    <message>
        <source>[policy]: require_reason = true, but there is no [[reason]].</source>
        <translation>[policy]: require_reason = true, pero no hay ningún [[reason]].</translation>
    </message>
    <message>
        <source>{where} of the policy file must be a table.</source>
        <translation>{where} del archivo de política debe ser una tabla.</translation>
    </message>
    <message>
        <source>{where}: protection must be one of {modes}.</source>
        <translation>{where}: protection debe ser uno de {modes}.</translation>
    </message>
    <message>
        <source>reason {number} of the policy file</source>
        <translation>motivo {number} del archivo de política</translation>
    </message>
    <message>
        <source>{where} is not a table.</source>
        <translation>{where}: no es una tabla.</translation>
    </message>
    <message>
        <source>{where} has no code.</source>
        <translation>{where}: falta code.</translation>
    </message>
    <message>
        <source>{where} has no title.</source>
        <translation>{where}: falta el título (title).</translation>
    </message>
    <message>
        <source>{where}: the key must be one digit or empty, not “{key}”.</source>
        <translation>{where}: key debe ser una cifra o estar vacío, no «{key}».</translation>
    </message>
    <message>
        <source>{where}: sor = true needs a category of the transparency database.</source>
        <translation>{where}: sor = true necesita una categoría (category) de la base de datos de transparencia.</translation>
    </message>
    <message>
        <source>{where}: a reason with escalate = true or bulk = false must not have a digit; write key = “” instead of “{key}”.</source>
        <translation>{where}: un motivo con escalate = true o bulk = false no debe tener cifra; escribir key = “” en lugar de «{key}».</translation>
    </message>
    <message>
        <source>{where}: {name} must be true or false.</source>
        <translation>{where}: {name} debe ser true o false.</translation>
    </message>
    <message>
        <source>{where}: {name} must be a whole number from {least} to {most}.</source>
        <translation>{where}: {name} debe ser un número entero de {least} a {most}.</translation>
    </message>
    <message>
        <source>{where}: {name} must be text in quotes.</source>
        <translation>{where}: {name} debe ser un texto entre comillas.</translation>
    </message>
    <message>
        <source>{where}: {name} must be a list of texts in quotes.</source>
        <translation>{where}: {name} debe ser una lista de textos entre comillas.</translation>
    </message>
    <message>
        <source>{where}: {what} must be a name in capitals, not “{value}”.</source>
        <translation>{where}: {what} debe ser un nombre en mayúsculas, no «{value}».</translation>
    </message>
    <message>
        <source>{where}: write {what} “{value}” without its prefix.</source>
        <translation>{where}: escribir {what} «{value}» sin su prefijo.</translation>
    </message>
    <message>
        <source>{where} has no “{name}”.</source>
        <translation>{where}: no existe «{name}».</translation>
    </message>
    <message>
        <source>The policy file uses the {what} “{value}” twice.</source>
        <translation>El archivo de política usa dos veces {what} «{value}».</translation>
    </message>
</context>
<context>
    <name>PolicySheet</name>
    <message>
        <source>This policy names no reasons.</source>
        <translation>Esta política no nombra motivos.</translation>
    </message>
    <message>
        <source>{title} · version {version}</source>
        <translation>{title} · versión {version}</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Política</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Rechazado</translation>
    </message>
    <message>
        <source>Allowed</source>
        <translation>Permitido</translation>
    </message>
</context>
<context>
    <name>PolicyWords</name>
    <message>
        <source>Form</source>
        <translation>Forma</translation>
    </message>
    <message>
        <source>Minor</source>
        <translation>Leve</translation>
    </message>
    <message>
        <source>Serious</source>
        <translation>Serio</translation>
    </message>
    <message>
        <source>Severe</source>
        <translation>Grave</translation>
    </message>
    <message>
        <source>Every rejection needs a reason.</source>
        <translation>Cada rechazo requiere un motivo.</translation>
    </message>
    <message>
        <source>A covered image may be approved without a look.</source>
        <translation>Una imagen cubierta se puede aprobar sin mirarla.</translation>
    </message>
    <message>
        <source>Every image starts covered.</source>
        <translation>Cada imagen empieza cubierta.</translation>
    </message>
    <message>
        <source>Every image starts covered, unless you chose never to cover.</source>
        <translation>Cada imagen empieza cubierta, salvo que hayas elegido «nunca».</translation>
    </message>
    <message>
        <source>What a machine or this policy warns of starts covered.</source>
        <translation>Aquello de lo que avisa una máquina o esta política empieza cubierto.</translation>
    </message>
    <message>
        <source>Covers have a strength of at least {blur} of 10.</source>
        <translation>Las cubiertas tienen una fuerza de al menos {blur} de 10.</translation>
    </message>
    <message>
        <source>Images are shown without colour.</source>
        <translation>Las imágenes se muestran sin color.</translation>
    </message>
    <message>
        <source>the form is refused, not what is shown</source>
        <translation>se rechaza la forma, no lo que se muestra</translation>
    </message>
    <message>
        <source>the image is covered from then on</source>
        <translation>la imagen queda cubierta desde entonces</translation>
    </message>
    <message>
        <source>every copy on this machine is destroyed</source>
        <translation>se destruye cada copia en este equipo</translation>
    </message>
    <message>
        <source>it is asked for twice and ends in what to do next</source>
        <translation>se pregunta dos veces y acaba en lo que hay que hacer</translation>
    </message>
    <message>
        <source>never given to many images at once</source>
        <translation>nunca se da a muchas imágenes a la vez</translation>
    </message>
    <message>
        <source>No statement of reasons.</source>
        <translation>Sin declaración de motivos.</translation>
    </message>
    <message>
        <source>Statement of reasons: {category}.</source>
        <translation>Declaración de motivos: {category}.</translation>
    </message>
    <message>
        <source>other violation of the terms</source>
        <translation>otra infracción de las condiciones</translation>
    </message>
</context>
<context>
    <name>Pull</name>
    <message>
        <source>The listing does not get any further.</source>
        <translation>La lista ya no avanza.</translation>
    </message>
    <message>
        <source>{kind} cannot be listed: {error}</source>
        <translation>{kind} no se puede listar: {error}</translation>
    </message>
</context>
<context>
    <name>Push</name>
    <message>
        <source>The service lets this key read, but takes no decision from it. Posting is paused and nothing is lost; it goes on once the key may update images.</source>
        <translation>El servicio deja leer a esta clave, pero no acepta decisiones de ella. El envío está en pausa y no se pierde nada; sigue en cuanto la clave pueda actualizar imágenes.</translation>
    </message>
</context>
<context>
    <name>QueueActions</name>
    <message>
        <source>There is no image to escalate.</source>
        <translation>No hay imagen que escalar.</translation>
    </message>
    <message>
        <source>There is no filter.</source>
        <translation>No hay filtro.</translation>
    </message>
    <message>
        <source>Only what was rejected for its form is shown; the same key goes back.</source>
        <translation>Solo se muestra lo rechazado por su forma; la misma tecla vuelve.</translation>
    </message>
    <message>
        <source>Back to what you looked at before.</source>
        <translation>De vuelta a lo que se mostraba antes.</translation>
    </message>
    <message>
        <source>Only what waits has another order.</source>
        <translation>Solo lo que espera tiene otro orden.</translation>
    </message>
    <message>
        <source>Order: {order}.</source>
        <translation>Orden: {order}.</translation>
    </message>
</context>
<context>
    <name>QueueVerbs</name>
    <message>
        <source>There is no image to skip.</source>
        <translation>No hay imagen que saltar.</translation>
    </message>
    <message>
        <source>Taken back: skip of {name}.</source>
        <translation>Retirado: salto de {name}.</translation>
    </message>
    <message>
        <source>There is no image to escalate.</source>
        <translation>No hay imagen que escalar.</translation>
    </message>
    <message>
        <source>Escalated: {name} waits for a second opinion.</source>
        <translation>Escalada: {name} espera una segunda opinión.</translation>
    </message>
    <message>
        <source>Taken back: escalation of {name}.</source>
        <translation>Retirada: escalada de {name}.</translation>
    </message>
    <message>
        <source>There is no image to flag.</source>
        <translation>No hay imagen que señalar.</translation>
    </message>
    <message>
        <source>Flagged: {name}.</source>
        <translation>Señalada: {name}.</translation>
    </message>
    <message>
        <source>Flag removed: {name}.</source>
        <translation>Marcador quitado: {name}.</translation>
    </message>
    <message>
        <source>On the stage: {name}.</source>
        <translation>En el escenario: {name}.</translation>
    </message>
    <message>
        <source>Brought back: {name}.</source>
        <translation>De vuelta: {name}.</translation>
    </message>
    <message>
        <source>Not saved, the image is back. {title}: {message}</source>
        <translation>Sin guardar, la imagen ha vuelto. {title}: {message}</translation>
    </message>
    <message>
        <source>{name} waits no more: it was decided meanwhile.</source>
        <translation>{name} ya no espera: se decidió entretanto.</translation>
    </message>
    <message>
        <source>Not done. {title}: {message}</source>
        <translation>Sin hacer. {title}: {message}</translation>
    </message>
    <message>
        <source>Only what still waits can be escalated.</source>
        <translation>Solo se puede escalar lo que aún espera.</translation>
    </message>
</context>
<context>
    <name>QueueWindow</name>
    <message>
        <source>waiting</source>
        <translation>esperando</translation>
    </message>
    <message>
        <source>current</source>
        <translation>actual</translation>
    </message>
    <message>
        <source>approved</source>
        <translation>aprobada</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>rechazada</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>saltada</translation>
    </message>
    <message>
        <source>escalated</source>
        <translation>escalada</translation>
    </message>
</context>
<context>
    <name>QueuesSheet</name>
    <message>
        <source>Queues</source>
        <translation>Colas</translation>
    </message>
    <message>
        <source>Review (Enter)</source>
        <translation>Revisar (Intro)</translation>
    </message>
    <message>
        <source>Tick ({key})</source>
        <translation>Marcar ({key})</translation>
    </message>
    <message>
        <source>What to review</source>
        <translation>Qué revisar</translation>
    </message>
    <message>
        <source>Reading what is here…</source>
        <translation>Leyendo lo que hay aquí…</translation>
    </message>
    <message>
        <source>Ticked queues of one state are reviewed as one. Approved and rejected images can be overridden: the key says first what that does.</source>
        <translation>Las colas marcadas de un mismo estado se revisan como una. Las imágenes aprobadas y rechazadas se pueden anular: la tecla dice antes lo que hace.</translation>
    </message>
    <message>
        <source>{count} here</source>
        <translation>{count} aquí</translation>
    </message>
    <message>
        <source>under review</source>
        <translation>en revisión</translation>
    </message>
</context>
<context>
    <name>ReasonStrip</name>
    <message>
        <source>Reasons for the rejection</source>
        <translation>Motivos del rechazo</translation>
    </message>
    <message>
        <source>Reject – for which reason?</source>
        <translation>Rechazar: ¿por qué motivo?</translation>
    </message>
</context>
<context>
    <name>ReasonsDialog</name>
    <message>
        <source>More reasons</source>
        <translation>Más motivos</translation>
    </message>
    <message>
        <source>Reject with a reason that has no key</source>
        <translation>Rechazar con un motivo sin tecla</translation>
    </message>
    <message>
        <source>Reasons</source>
        <translation>Motivos</translation>
    </message>
    <message>
        <source>&amp;Reject</source>
        <translation>&amp;Rechazar</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>Choose the reason that fits best.</source>
        <translation>Elige el motivo que mejor encaje.</translation>
    </message>
    <message>
        <source>Every copy on this machine is destroyed at once.</source>
        <translation>Cada copia en este equipo se destruye enseguida.</translation>
    </message>
    <message>
        <source>“{title}”: the image is rejected and escalated.{gone}</source>
        <translation>«{title}»: la imagen se rechaza y se escala.{gone}</translation>
    </message>
    <message>
        <source>Yes, &amp;reject and escalate</source>
        <translation>Sí, &amp;rechazar y escalar</translation>
    </message>
    <message>
        <source>Another image is on the stage now.</source>
        <translation>Ahora hay otra imagen en el escenario.</translation>
    </message>
    <message>
        <source>Rejected. Now escalate it</source>
        <translation>Rechazada. Ahora escálala</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Cerrar</translation>
    </message>
    <message>
        <source>There is no image to decide.</source>
        <translation>No hay imagen que decidir.</translation>
    </message>
</context>
<context>
    <name>ReviewSession</name>
    <message>
        <source>There is no picture to uncover yet.</source>
        <translation>Aún no hay imagen que descubrir.</translation>
    </message>
    <message>
        <source>This is the first image of the queue.</source>
        <translation>Esta es la primera imagen de la cola.</translation>
    </message>
    <message>
        <source>This is the last image of the queue.</source>
        <translation>Esta es la última imagen de la cola.</translation>
    </message>
    <message>
        <source>What comes next is still being read.</source>
        <translation>Lo siguiente aún se está leyendo.</translation>
    </message>
    <message>
        <source>Somebody else settled {name} as {theirs}: see Outbox.</source>
        <translation>Otra persona resolvió {name} como {theirs}: ver Envíos.</translation>
    </message>
</context>
<context>
    <name>Scene</name>
    <message>
        <source>Everything is covered</source>
        <translation>Todo está cubierto</translation>
    </message>
    <message>
        <source>Nothing can be decided until you go on.</source>
        <translation>No se puede decidir nada hasta que sigas.</translation>
    </message>
    <message>
        <source>go on</source>
        <translation>seguir</translation>
    </message>
    <message>
        <source>The image could not be fetched</source>
        <translation>La imagen no se pudo traer</translation>
    </message>
    <message>
        <source>It is not on this machine yet and comes as soon as the service can be reached.</source>
        <translation>Aún no está en este equipo y llega en cuanto el servicio esté accesible.</translation>
    </message>
    <message>
        <source>It can be decided once it is on the screen.</source>
        <translation>Se podrá decidir cuando esté en la pantalla.</translation>
    </message>
    <message>
        <source>Loading the image</source>
        <translation>Cargando la imagen</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>saltar</translation>
    </message>
    <message>
        <source>next</source>
        <translation>siguiente</translation>
    </message>
    <message>
        <source>{text} It can be rejected or skipped, but not approved unseen.</source>
        <translation>{text} Se puede rechazar o saltar, pero no aprobar sin verla.</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>rechazar</translation>
    </message>
    <message>
        <source>reject with a reason</source>
        <translation>rechazar con motivo</translation>
    </message>
    <message>
        <source>look again</source>
        <translation>mirar otra vez</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>deshacer</translation>
    </message>
    <message>
        <source>Opening the queue</source>
        <translation>Abriendo la cola</translation>
    </message>
    <message>
        <source>Reading what waits on this machine.</source>
        <translation>Leyendo lo que espera en este equipo.</translation>
    </message>
    <message>
        <source>Asking the service</source>
        <translation>Consultando el servicio</translation>
    </message>
    <message>
        <source>Nothing waits on this machine yet.</source>
        <translation>Aún no espera nada en este equipo.</translation>
    </message>
    <message>
        <source>The service does not accept the key or the secret of this account.</source>
        <translation>El servicio no acepta la clave o el secreto de esta cuenta.</translation>
    </message>
    <message>
        <source>Not signed in</source>
        <translation>Sesión no iniciada</translation>
    </message>
    <message>
        <source>Account…</source>
        <translation>Cuenta…</translation>
    </message>
    <message>
        <source>choose an account</source>
        <translation>elegir una cuenta</translation>
    </message>
    <message>
        <source>Every image on this machine is decided. More come when the service answers.</source>
        <translation>Todas las imágenes de este equipo están decididas. Vendrán más cuando el servicio responda.</translation>
    </message>
    <message>
        <source>Nothing left offline</source>
        <translation>Ya no queda nada sin conexión</translation>
    </message>
    <message>
        <source>Nothing fits the filter</source>
        <translation>Nada coincide con el filtro</translation>
    </message>
    <message>
        <source>No image of this queue is like that.</source>
        <translation>Ninguna imagen de esta cola es así.</translation>
    </message>
    <message>
        <source>show all</source>
        <translation>mostrar todo</translation>
    </message>
    <message>
        <source>No image is {status} here, as far as the service has told.</source>
        <translation>Aquí no hay ninguna imagen en estado «{status}», según lo que ha dicho el servicio.</translation>
    </message>
    <message>
        <source>Every image is decided. New ones appear here by themselves.</source>
        <translation>Todas las imágenes están decididas. Las nuevas aparecen aquí solas.</translation>
    </message>
    <message>
        <source>The queue is empty</source>
        <translation>La cola está vacía</translation>
    </message>
</context>
<context>
    <name>SessionActions</name>
    <message>
        <source>{key} shows what is left to settle.</source>
        <translation>{key} muestra lo que queda por resolver.</translation>
    </message>
</context>
<context>
    <name>SessionCharts</name>
    <message>
        <source>Decided by ten minutes</source>
        <translation>Decididas por diez minutos</translation>
    </message>
    <message>
        <source>Rejected by reason</source>
        <translation>Rechazadas por motivo</translation>
    </message>
    <message>
        <source>Decided by ten minutes: {slots}. Rejected by reason: {reasons}.</source>
        <translation>Decididas por diez minutos: {slots}. Rechazadas por motivo: {reasons}.</translation>
    </message>
</context>
<context>
    <name>SessionDialog</name>
    <message>
        <source>Counted from the decisions on this machine and kept here; nobody else is told.</source>
        <translation>Contado de las decisiones de este equipo y guardado aquí; nadie más lo sabe.</translation>
    </message>
    <message>
        <source>The charts need pyqtgraph, which is not installed: pip install modstation[charts]</source>
        <translation>Los gráficos necesitan pyqtgraph, que no está instalado: pip install modstation[charts]</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Sesión</translation>
    </message>
    <message>
        <source>This session</source>
        <translation>Esta sesión</translation>
    </message>
    <message>
        <source>Charts</source>
        <translation>Gráficos</translation>
    </message>
    <message>
        <source>Draw the figures.</source>
        <translation>Dibujar las cifras.</translation>
    </message>
    <message>
        <source>Save as CSV…</source>
        <translation>Guardar como CSV…</translation>
    </message>
    <message>
        <source>Write the figures to a file.</source>
        <translation>Escribir las cifras en un archivo.</translation>
    </message>
    <message>
        <source>Close the station</source>
        <translation>Cerrar la estación</translation>
    </message>
    <message>
        <source>Stay (Esc)</source>
        <translation>Quedarse (Esc)</translation>
    </message>
    <message>
        <source>Back (Esc)</source>
        <translation>Atrás (Esc)</translation>
    </message>
    <message>
        <source>Save the figures</source>
        <translation>Guardar las cifras</translation>
    </message>
    <message>
        <source>Saved to {path}.</source>
        <translation>Guardado en {path}.</translation>
    </message>
    <message>
        <source>Decided</source>
        <translation>Decididas</translation>
    </message>
    <message>
        <source>{decided}: {approved} approved, {rejected} rejected</source>
        <translation>{decided}: {approved} aprobadas, {rejected} rechazadas</translation>
    </message>
    <message>
        <source>Time at work</source>
        <translation>Tiempo de trabajo</translation>
    </message>
    <message>
        <source>Pace</source>
        <translation>Ritmo</translation>
    </message>
    <message>
        <source>{n} image an hour|{n} images an hour</source>
        <translation>{n} imagen por hora|{n} imágenes por hora</translation>
    </message>
    <message>
        <source>Median per image</source>
        <translation>Mediana por imagen</translation>
    </message>
    <message>
        <source>Taken back</source>
        <translation>Retiradas</translation>
    </message>
    <message>
        <source>Reversed after posting</source>
        <translation>Invertidas tras el envío</translation>
    </message>
    <message>
        <source>Uncovered</source>
        <translation>Descubierto</translation>
    </message>
    <message>
        <source>Severe images seen</source>
        <translation>Imágenes graves vistas</translation>
    </message>
    <message>
        <source>Reason: {title}</source>
        <translation>Motivo: {title}</translation>
    </message>
    <message>
        <source>This session: {n} decision in {worked}.|This session: {n} decisions in {worked}.</source>
        <translation>Esta sesión: {n} decisión en {worked}.|Esta sesión: {n} decisiones en {worked}.</translation>
    </message>
    <message>
        <source>This session: {n} decision in {worked}, {pace} an hour.|This session: {n} decisions in {worked}, {pace} an hour.</source>
        <translation>Esta sesión: {n} decisión en {worked}, {pace} por hora.|Esta sesión: {n} decisiones en {worked}, {pace} por hora.</translation>
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
        <translation>{count} imágenes decididas de una vez están enviadas</translation>
    </message>
    <message>
        <source>{name} is posted as {status}</source>
        <translation>{name} está enviada como {status}</translation>
    </message>
    <message>
        <source>that cannot be undone, only reversed. Going on drops this.</source>
        <translation>eso no se puede deshacer, solo invertir. Seguir lo deja.</translation>
    </message>
</context>
<context>
    <name>SessionFigures</name>
    <message>
        <source>{path} cannot be written: {why}.</source>
        <translation>{path} no se puede escribir: {why}.</translation>
    </message>
</context>
<context>
    <name>SettingUp</name>
    <message>
        <source>{message} What you changed counts until you close the window.</source>
        <translation>{message} Lo que cambiaste cuenta hasta que cierres la ventana.</translation>
    </message>
</context>
<context>
    <name>Settings</name>
    <message>
        <source>More</source>
        <translation>Más</translation>
    </message>
    <message>
        <source>auto</source>
        <translation>auto</translation>
    </message>
    <message>
        <source>always</source>
        <translation>siempre</translation>
    </message>
    <message>
        <source>never</source>
        <translation>nunca</translation>
    </message>
    <message>
        <source>dark</source>
        <translation>oscuro</translation>
    </message>
    <message>
        <source>light</source>
        <translation>claro</translation>
    </message>
    <message>
        <source>dark, high contrast</source>
        <translation>oscuro, alto contraste</translation>
    </message>
    <message>
        <source>light, high contrast</source>
        <translation>claro, alto contraste</translation>
    </message>
    <message>
        <source>system</source>
        <translation>sistema</translation>
    </message>
    <message>
        <source>oldest</source>
        <translation>antiguas</translation>
    </message>
    <message>
        <source>newest</source>
        <translation>nuevas</translation>
    </message>
    <message>
        <source>public</source>
        <translation>públicas</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>dudosas</translation>
    </message>
    <message>
        <source>together</source>
        <translation>juntas</translation>
    </message>
    <message>
        <source>first</source>
        <translation>al principio</translation>
    </message>
    <message>
        <source>Who decides, as it is written into every decision; empty: your log-in.</source>
        <translation>Quién decide, como se escribe en cada decisión; vacío: tu usuario.</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>Tu nombre</translation>
    </message>
    <message>
        <source>Deciding</source>
        <translation>Decisiones</translation>
    </message>
    <message>
        <source>Seconds a decision is held before it is posted, so that undo sends nothing.</source>
        <translation>Segundos que se retiene una decisión antes de enviarla, para que deshacer no envíe nada.</translation>
    </message>
    <message>
        <source>Undo window, seconds</source>
        <translation>Plazo para deshacer, segundos</translation>
    </message>
    <message>
        <source>Milliseconds an image must have been on screen before a key decides it.</source>
        <translation>Milisegundos que una imagen debe llevar en pantalla antes de que una tecla la decida.</translation>
    </message>
    <message>
        <source>Shown before a key counts, ms</source>
        <translation>Mostrada antes de contar, ms</translation>
    </message>
    <message>
        <source>Cover images: auto (what a machine or the policy warns of), always, never.</source>
        <translation>Cubrir imágenes: auto (aquello de lo que avisa una máquina o la política), siempre, nunca.</translation>
    </message>
    <message>
        <source>Cover images</source>
        <translation>Cubrir imágenes</translation>
    </message>
    <message>
        <source>Looking</source>
        <translation>Vista</translation>
    </message>
    <message>
        <source>How strong the cover of a protected image is, from 1 to 10.</source>
        <translation>Fuerza de la cubierta de una imagen protegida, de 1 a 10.</translation>
    </message>
    <message>
        <source>Strength of the cover</source>
        <translation>Fuerza de la cubierta</translation>
    </message>
    <message>
        <source>Show images without colour.</source>
        <translation>Mostrar las imágenes sin color.</translation>
    </message>
    <message>
        <source>Without colour</source>
        <translation>Sin color</translation>
    </message>
    <message>
        <source>Colours of the window; system follows the desktop, also in its wish for contrast.</source>
        <translation>Colores de la ventana; sistema sigue al escritorio, también en el contraste.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Tema</translation>
    </message>
    <message>
        <source>Size of every text, in percent of the usual one.</source>
        <translation>Tamaño de todos los textos, en porcentaje del habitual.</translation>
    </message>
    <message>
        <source>Text size, percent</source>
        <translation>Tamaño del texto, por ciento</translation>
    </message>
    <message>
        <source>Nothing moves by itself: no playing pictures, no blinking cursor, messages stay; auto: as the desktop asks.</source>
        <translation>Nada se mueve solo: sin imágenes en marcha, sin cursor parpadeante, los mensajes se quedan; auto: como pida el escritorio.</translation>
    </message>
    <message>
        <source>Reduce motion</source>
        <translation>Reducir movimiento</translation>
    </message>
    <message>
        <source>Language of the window; auto: the desktop’s.</source>
        <translation>Idioma de la ventana; auto: el del escritorio.</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Idioma</translation>
    </message>
    <message>
        <source>Keep zoom and place when the next image comes.</source>
        <translation>Mantener zoom y lugar en la imagen siguiente.</translation>
    </message>
    <message>
        <source>Keep the zoom</source>
        <translation>Mantener el zoom</translation>
    </message>
    <message>
        <source>Moderation kinds that are reviewed unless --kind names others, with commas between.</source>
        <translation>Tipos de moderación que se revisan si --kind no nombra otros, separados por comas.</translation>
    </message>
    <message>
        <source>Moderation kinds</source>
        <translation>Tipos de moderación</translation>
    </message>
    <message>
        <source>Which waiting image comes first: oldest, newest, public (for longest), unsure, together (copies one after the other).</source>
        <translation>Qué imagen en espera va primero: antiguas, nuevas, públicas (desde hace más), dudosas, juntas (copias una tras otra).</translation>
    </message>
    <message>
        <source>Order of the queue</source>
        <translation>Orden de la cola</translation>
    </message>
    <message>
        <source>Show nothing of what machines found until the image is decided.</source>
        <translation>No mostrar nada de lo que hallaron las máquinas hasta decidir la imagen.</translation>
    </message>
    <message>
        <source>Hide machine verdicts</source>
        <translation>Ocultar juicios automáticos</translation>
    </message>
    <message>
        <source>Longest edge, in pixels, of what is fetched for review; 0: the screen&apos;s.</source>
        <translation>Lado más largo, en píxeles, de lo que se trae para revisar; 0: el de la pantalla.</translation>
    </message>
    <message>
        <source>Review size, pixels</source>
        <translation>Tamaño de revisión, píxeles</translation>
    </message>
    <message>
        <source>Fetching</source>
        <translation>Descarga</translation>
    </message>
    <message>
        <source>Megabytes the image cache may take on disk.</source>
        <translation>Megabytes que la caché de imágenes puede ocupar en disco.</translation>
    </message>
    <message>
        <source>Image cache, MB</source>
        <translation>Caché de imágenes, MB</translation>
    </message>
    <message>
        <source>Seconds between two looks for new images.</source>
        <translation>Segundos entre dos búsquedas de imágenes nuevas.</translation>
    </message>
    <message>
        <source>Look for new images, seconds</source>
        <translation>Buscar imágenes nuevas, segundos</translation>
    </message>
    <message>
        <source>Images waiting on this machine above which no more are pulled.</source>
        <translation>Imágenes en espera en este equipo a partir de las cuales no se traen más.</translation>
    </message>
    <message>
        <source>Images kept waiting here</source>
        <translation>Imágenes en espera aquí</translation>
    </message>
    <message>
        <source>Minutes of work after which a line suggests a break; 0: never.</source>
        <translation>Minutos de trabajo tras los que una línea sugiere una pausa; 0: nunca.</translation>
    </message>
    <message>
        <source>Break minutes</source>
        <translation>Pausa tras minutos</translation>
    </message>
    <message>
        <source>Severe images seen after which a line suggests a break; 0: never.</source>
        <translation>Imágenes graves tras las que una línea sugiere una pausa; 0: nunca.</translation>
    </message>
    <message>
        <source>Break severe</source>
        <translation>Pausa tras graves</translation>
    </message>
    <message>
        <source>Show the figures of the session before the window closes.</source>
        <translation>Mostrar las cifras de la sesión antes de cerrar la ventana.</translation>
    </message>
    <message>
        <source>Summary at end</source>
        <translation>Balance al final</translation>
    </message>
    <message>
        <source>Write the reason of a rejection into the image&apos;s context at Cloudinary, one Admin call each; whoever may list the image can read it.</source>
        <translation>Escribir el motivo de un rechazo en el contexto de la imagen en Cloudinary, una llamada Admin cada uno; quien pueda listar la imagen puede leerlo.</translation>
    </message>
    <message>
        <source>Write reasons to Cloudinary</source>
        <translation>Escribir motivos en Cloudinary</translation>
    </message>
    <message>
        <source>Path of the policy file; empty: policy.toml here, else the shipped one.</source>
        <translation>Ruta del archivo de política; vacío: policy.toml aquí, si no la original.</translation>
    </message>
    <message>
        <source>Policy file</source>
        <translation>Archivo de política</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Archivos</translation>
    </message>
    <message>
        <source>Name of a shipped keymap (default, prodigy, lightroom, coral, label-studio, left-hand, number-pad) or path of your own file; empty: keymap.toml here, else the default.</source>
        <translation>Nombre de un teclado incluido (default, prodigy, lightroom, coral, label-studio, left-hand, number-pad) o ruta de un archivo propio; vacío: keymap.toml aquí, si no el predeterminado.</translation>
    </message>
    <message>
        <source>Keymap</source>
        <translation>Teclado</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Teclas</translation>
    </message>
    <message>
        <source>Letters, digits and signs are keys by themselves; off: only with Alt.</source>
        <translation>Letras, cifras y signos son teclas por sí solos; no: solo con Alt.</translation>
    </message>
    <message>
        <source>Letters are keys</source>
        <translation>Las letras son teclas</translation>
    </message>
    <message>
        <source>Show the most needed keys under the image: for the first 50 decisions, always, never.</source>
        <translation>Mostrar las teclas más útiles bajo la imagen: en las primeras 50 decisiones, siempre, nunca.</translation>
    </message>
    <message>
        <source>Key hints</source>
        <translation>Ayuda de teclas</translation>
    </message>
    <message>
        <source>The first steps were shown; off: they are shown at the next start.</source>
        <translation>Los primeros pasos se mostraron; no: se muestran en el próximo arranque.</translation>
    </message>
    <message>
        <source>Tour was shown</source>
        <translation>Recorrido mostrado</translation>
    </message>
    <message>
        <source>It takes {allowed}.</source>
        <translation>Admite: {allowed}.</translation>
    </message>
    <message>
        <source>true or false</source>
        <translation>true o false</translation>
    </message>
    <message>
        <source>a whole number from {least} to {most}</source>
        <translation>un número entero de {least} a {most}</translation>
    </message>
    <message>
        <source>a number from {least} to {most}</source>
        <translation>un número de {least} a {most}</translation>
    </message>
    <message>
        <source>names in quotes, with commas between</source>
        <translation>nombres entre comillas, separados por comas</translation>
    </message>
    <message>
        <source>text in quotes</source>
        <translation>texto entre comillas</translation>
    </message>
    <message>
        <source>There is no setting “{name}”. There are: {names}.</source>
        <translation>No hay ajuste «{name}». Hay: {names}.</translation>
    </message>
    <message>
        <source>“{name}” must be {allowed}, not {value!r}.</source>
        <translation>«{name}» debe ser {allowed}, no {value!r}.</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Ajustes</translation>
    </message>
    <message>
        <source>{problem} So every image is covered. What you save here replaces the file.</source>
        <translation>{problem} Por eso cada imagen está cubierta. Lo que guardes aquí reemplaza el archivo.</translation>
    </message>
    <message>
        <source>&amp;Defaults</source>
        <translation>&amp;Predeterminados</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Cancelar</translation>
    </message>
    <message>
        <source>&amp;Save</source>
        <translation>&amp;Guardar</translation>
    </message>
    <message>
        <source>Counts after the next start.</source>
        <translation>Cuenta tras el próximo arranque.</translation>
    </message>
    <message>
        <source>What is marked cannot be saved.</source>
        <translation>Lo marcado no se puede guardar.</translation>
    </message>
    <message>
        <source>After the next start: {names}. The rest counts at once.</source>
        <translation>Tras el próximo arranque: {names}. El resto cuenta enseguida.</translation>
    </message>
    <message>
        <source>Saved settings count at once.</source>
        <translation>Los ajustes guardados cuentan enseguida.</translation>
    </message>
</context>
<context>
    <name>SettingsFile</name>
    <message>
        <source>{source} is not valid TOML: {error}.</source>
        <translation>{source} no es TOML válido: {error}.</translation>
    </message>
    <message>
        <source>it is not UTF-8 text</source>
        <translation>no es texto UTF-8</translation>
    </message>
    <message>
        <source>{path} cannot be read: {why}.</source>
        <translation>{path} no se puede leer: {why}.</translation>
    </message>
    <message>
        <source>These settings are not allowed: {error}.</source>
        <translation>Estos ajustes no se permiten: {error}.</translation>
    </message>
    <message>
        <source>{path} has faults and cannot be replaced: {why}.</source>
        <translation>{path} tiene fallos y no se puede reemplazar: {why}.</translation>
    </message>
    <message>
        <source>{path} is not UTF-8 text.</source>
        <translation>{path} no es texto UTF-8.</translation>
    </message>
</context>
<context>
    <name>SettingsForm</name>
    <message>
        <source>Write {allowed}.</source>
        <translation>Escribe {allowed}.</translation>
    </message>
    <message>
        <source>There is no file {value}.</source>
        <translation>No hay archivo {value}.</translation>
    </message>
    <message>
        <source>There is no file {value}; shipped keymaps are {presets}.</source>
        <translation>No hay archivo {value}; los teclados incluidos son {presets}.</translation>
    </message>
</context>
<context>
    <name>Sheets</name>
    <message>
        <source>Keys · {name} keymap</source>
        <translation>Teclas · teclado {name}</translation>
    </message>
    <message>
        <source>Manual</source>
        <translation>Manual</translation>
    </message>
    <message>
        <source>{help} Keys: {keys}.</source>
        <translation>{help} Teclas: {keys}.</translation>
    </message>
    <message>
        <source>none</source>
        <translation>ninguna</translation>
    </message>
</context>
<context>
    <name>Shredder</name>
    <message>
        <source>Its copies on this machine were destroyed when it was rejected, and it is never fetched again.</source>
        <translation>Sus copias en este equipo se destruyeron al rechazarla, y no se vuelve a traer nunca.</translation>
    </message>
    <message>
        <source>The copy of the picture could not be destroyed: {message} Run “modstation purge” when the window is closed.</source>
        <translation>La copia de la imagen no se pudo destruir: {message} Ejecuta «modstation purge» cuando la ventana esté cerrada.</translation>
    </message>
</context>
<context>
    <name>SpokenChanges</name>
    <message>
        <source>Flagged.</source>
        <translation>Señalada.</translation>
    </message>
    <message>
        <source>Not flagged.</source>
        <translation>Sin señalar.</translation>
    </message>
    <message>
        <source>Conflicts: {count}.</source>
        <translation>Conflictos: {count}.</translation>
    </message>
    <message>
        <source>Decisions stuck: {count}.</source>
        <translation>Decisiones atascadas: {count}.</translation>
    </message>
</context>
<context>
    <name>Stage</name>
    <message>
        <source>Opening the queue</source>
        <translation>Abriendo la cola</translation>
    </message>
    <message>
        <source>Reading what waits on this machine.</source>
        <translation>Leyendo lo que espera en este equipo.</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Imagen</translation>
    </message>
    <message>
        <source>covered</source>
        <translation>cubierta</translation>
    </message>
    <message>
        <source>shown</source>
        <translation>mostrada</translation>
    </message>
    <message>
        <source>Covered – hold {peek} to look, {reveal} uncovers</source>
        <translation>Cubierta – mantén {peek} para mirar, {reveal} descubre</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>Status</source>
        <translation>Estado</translation>
    </message>
    <message>
        <source>{tip} Tried again at {when}.</source>
        <translation>{tip} Nuevo intento a las {when}.</translation>
    </message>
    <message>
        <source>Go online</source>
        <translation>Conectar</translation>
    </message>
    <message>
        <source>{count} left</source>
        <translation>quedan {count}</translation>
    </message>
    <message>
        <source>{count} decided</source>
        <translation>{count} decididas</translation>
    </message>
    <message>
        <source>{count}/h</source>
        <translation>{count}/h</translation>
    </message>
    <message>
        <source>{n} image an hour|{n} images an hour</source>
        <translation>{n} imagen por hora|{n} imágenes por hora</translation>
    </message>
</context>
<context>
    <name>TakingBack</name>
    <message>
        <source>Nothing to redo.</source>
        <translation>No hay nada que rehacer.</translation>
    </message>
    <message>
        <source>Not undone. {title}: {message}</source>
        <translation>Sin deshacer. {title}: {message}</translation>
    </message>
    <message>
        <source>Taken back: {label}.</source>
        <translation>Retirada: {label}.</translation>
    </message>
    <message>
        <source>{n} more is posted already: the same key reverses it.|{n} more are posted already: the same key reverses them.</source>
        <translation>{n} más ya está enviada: la misma tecla la invierte.|{n} más ya están enviadas: la misma tecla las invierte.</translation>
    </message>
    <message>
        <source>Nothing to undo.</source>
        <translation>No hay nada que deshacer.</translation>
    </message>
    <message>
        <source>{count} images will be posted with the opposite verdict.</source>
        <translation>{count} imágenes se enviarán con el veredicto contrario.</translation>
    </message>
    <message>
        <source>{name} will be posted as {word}.</source>
        <translation>{name} se enviará como {word}.</translation>
    </message>
</context>
<context>
    <name>Tour</name>
    <message>
        <source>Skip (Esc)</source>
        <translation>Saltar (Esc)</translation>
    </message>
    <message>
        <source>{at} of {count}</source>
        <translation>{at} de {count}</translation>
    </message>
    <message>
        <source>Start (Enter)</source>
        <translation>Empezar (Intro)</translation>
    </message>
    <message>
        <source>Next (Enter)</source>
        <translation>Siguiente (Intro)</translation>
    </message>
</context>
<context>
    <name>Translation</name>
    <message>
        <source>The service cannot be reached ({reason}).</source>
        <translation>No se puede llegar al servicio ({reason}).</translation>
    </message>
    <message>
        <source>The connection broke before the answer ({reason}).</source>
        <translation>La conexión se cortó antes de la respuesta ({reason}).</translation>
    </message>
    <message>
        <source>The service says: {said}</source>
        <translation>El servicio dice: {said}</translation>
    </message>
    <message>
        <source>The service answered {status}.</source>
        <translation>El servicio respondió {status}.</translation>
    </message>
    <message>
        <source>The proxy wants a name and a password.</source>
        <translation>El proxy pide nombre y contraseña.</translation>
    </message>
</context>
<context>
    <name>TripDialog</name>
    <message>
        <source>Work offline</source>
        <translation>Trabajar sin conexión</translation>
    </message>
    <message>
        <source>Pictures taken along</source>
        <translation>Imágenes que se llevan</translation>
    </message>
    <message>
        <source>&amp;Images to take along, from the start of the queue:</source>
        <translation>&amp;Imágenes para llevar, desde el principio de la cola:</translation>
    </message>
    <message>
        <source>Go offline as soon as they are &amp;here</source>
        <translation>&amp;Desconectar en cuanto estén aquí</translation>
    </message>
    <message>
        <source>Take along</source>
        <translation>Llevar</translation>
    </message>
    <message>
        <source>Fetch these pictures now.</source>
        <translation>Traer estas imágenes ahora.</translation>
    </message>
    <message>
        <source>Release</source>
        <translation>Soltar</translation>
    </message>
    <message>
        <source>Keep these pictures no longer than others; decisions are not touched.</source>
        <translation>No guardar estas imágenes más que otras; las decisiones no se tocan.</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Cerrar (Esc)</translation>
    </message>
    <message>
        <source>{missing} could not be fetched.</source>
        <translation>{missing} no se pudieron traer.</translation>
    </message>
    <message>
        <source>{ready} of {n} image here.|{ready} of {n} images here.</source>
        <translation>{ready} de {n} imagen aquí.|{ready} de {n} imágenes aquí.</translation>
    </message>
    <message>
        <source>{n} image taken along and kept until it is decided and posted, or released.|{n} images taken along and kept until they are decided and posted, or released.</source>
        <translation>{n} imagen llevada y guardada hasta que se decida y envíe, o se suelte.|{n} imágenes llevadas y guardadas hasta que se decidan y envíen, o se suelten.</translation>
    </message>
    <message>
        <source>Images can be taken along while you are online.</source>
        <translation>Las imágenes se pueden llevar mientras estés en línea.</translation>
    </message>
    <message>
        <source>Measuring…</source>
        <translation>Midiendo…</translation>
    </message>
    <message>
        <source>Nothing waits in the queue.</source>
        <translation>No espera nada en la cola.</translation>
    </message>
    <message>
        <source>{n} image needs about {size}|{n} images need about {size}</source>
        <translation>{n} imagen necesita unos {size}|{n} imágenes necesitan unos {size}</translation>
    </message>
    <message>
        <source>{needs}; the image cache may take {size} (setting cache_limit_mb). There is room for about {fits}.</source>
        <translation>{needs}; la caché de imágenes puede ocupar {size} (ajuste cache_limit_mb). Hay sitio para unas {fits}.</translation>
    </message>
    <message>
        <source>{needs}, {size} are free.</source>
        <translation>{needs}, hay {size} libres.</translation>
    </message>
    <message>
        <source>There is room for about {fits}.</source>
        <translation>Hay sitio para unas {fits}.</translation>
    </message>
    <message>
        <source>Back online: nothing was decided on the way.</source>
        <translation>De nuevo en línea: no se decidió nada por el camino.</translation>
    </message>
    <message>
        <source>{count} posted</source>
        <translation>{count} enviadas</translation>
    </message>
    <message>
        <source>{waiting} still to post</source>
        <translation>{waiting} aún por enviar</translation>
    </message>
    <message>
        <source>{n} conflict|{n} conflicts</source>
        <translation>{n} conflicto|{n} conflictos</translation>
    </message>
    <message>
        <source>{count} gone</source>
        <translation>{count} desaparecidas</translation>
    </message>
    <message>
        <source>{count} stuck</source>
        <translation>{count} atascadas</translation>
    </message>
    <message>
        <source>Back online: {what}.</source>
        <translation>De nuevo en línea: {what}.</translation>
    </message>
</context>
<context>
    <name>UndoLog</name>
    <message>
        <source>Approve {name}</source>
        <translation>aprobación de {name}</translation>
    </message>
    <message>
        <source>Reject {name}</source>
        <translation>rechazo de {name}</translation>
    </message>
    <message>
        <source>Reject {rejected}, approve {approved} images</source>
        <translation>rechazo de {rejected}, aprobación de {approved} imágenes</translation>
    </message>
    <message>
        <source>Reject {n} image|Reject {n} images</source>
        <translation>rechazo de {n} imagen|rechazo de {n} imágenes</translation>
    </message>
    <message>
        <source>Approve {n} image|Approve {n} images</source>
        <translation>aprobación de {n} imagen|aprobación de {n} imágenes</translation>
    </message>
</context>
<context>
    <name>Uploader</name>
    <message>
        <source>The answer does not name the uploaded image and its status.</source>
        <translation>La respuesta no nombra la imagen subida y su estado.</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>{message} {key} tries again.</source>
        <translation>{message} {key} reintenta.</translation>
    </message>
</context>
<context>
    <name>Wording</name>
    <message>
        <source>Connecting</source>
        <translation>Conectando</translation>
    </message>
    <message>
        <source>Online</source>
        <translation>En línea</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Sin conexión</translation>
    </message>
    <message>
        <source>Offline by choice</source>
        <translation>Sin conexión elegida</translation>
    </message>
    <message>
        <source>Key not accepted</source>
        <translation>Clave no aceptada</translation>
    </message>
    <message>
        <source>Posting refused</source>
        <translation>Envío denegado</translation>
    </message>
    <message>
        <source>Quota used up</source>
        <translation>Cuota agotada</translation>
    </message>
    <message>
        <source>Service trouble</source>
        <translation>Fallo del servicio</translation>
    </message>
    <message>
        <source>Second window</source>
        <translation>Segunda ventana</translation>
    </message>
    <message>
        <source>{d} d {h} h</source>
        <translation>{d} d {h} h</translation>
    </message>
    <message>
        <source>{d} d</source>
        <translation>{d} d</translation>
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
        <translation>menos de un minuto</translation>
    </message>
    <message>
        <source>{n} byte|{n} bytes</source>
        <translation>{n} byte|{n} bytes</translation>
    </message>
    <message>
        <source>{size} kB</source>
        <translation>{size} kB</translation>
    </message>
    <message>
        <source>{size} MB</source>
        <translation>{size} MB</translation>
    </message>
    <message>
        <source>{size} GB</source>
        <translation>{size} GB</translation>
    </message>
    <message>
        <source>{count} held</source>
        <translation>{count} retenidas</translation>
    </message>
    <message>
        <source>{count} to post</source>
        <translation>{count} por enviar</translation>
    </message>
    <message>
        <source>{count} to post, done {when}</source>
        <translation>{count} por enviar, fin {when}</translation>
    </message>
    <message>
        <source>{count} to post, goes on {when}</source>
        <translation>{count} por enviar, sigue {when}</translation>
    </message>
    <message>
        <source>{n} conflict|{n} conflicts</source>
        <translation>{n} conflicto|{n} conflictos</translation>
    </message>
    <message>
        <source>{count} stuck</source>
        <translation>{count} atascadas</translation>
    </message>
    <message>
        <source>All posted</source>
        <translation>Todo enviado</translation>
    </message>
    <message>
        <source>Uploaded {span} ago, not delivered now</source>
        <translation>Subida hace {span}, ahora no se entrega</translation>
    </message>
    <message>
        <source>Uploaded {span} ago, public now</source>
        <translation>Subida hace {span}, ahora pública</translation>
    </message>
    <message>
        <source>Waiting for {span}, since {when} · not public</source>
        <translation>Espera desde hace {span} ({when}) · no pública</translation>
    </message>
    <message>
        <source>Waiting and public for {span}, since {when}</source>
        <translation>Espera y pública desde hace {span} ({when})</translation>
    </message>
    <message>
        <source>Waiting for {span}, since {when} · public for {public}</source>
        <translation>Espera desde hace {span} ({when}) · pública desde hace {public}</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Tamaño</translation>
    </message>
    <message>
        <source>{width} × {height} px ({megapixels} MP)</source>
        <translation>{width} × {height} px ({megapixels} MP)</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Archivo</translation>
    </message>
    <message>
        <source>Uploaded</source>
        <translation>Subida</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>Tipo</translation>
    </message>
    <message>
        <source>oldest first</source>
        <translation>antiguas primero</translation>
    </message>
    <message>
        <source>newest first</source>
        <translation>nuevas primero</translation>
    </message>
    <message>
        <source>longest public first</source>
        <translation>públicas desde hace más primero</translation>
    </message>
    <message>
        <source>least sure first</source>
        <translation>dudosas primero</translation>
    </message>
    <message>
        <source>copies together</source>
        <translation>copias juntas</translation>
    </message>
    <message>
        <source>part {part} of {parts}</source>
        <translation>parte {part} de {parts}</translation>
    </message>
    <message>
        <source>Looked at all {count}</source>
        <translation>Miradas todas: {count}</translation>
    </message>
    <message>
        <source>Looked at {count} so far</source>
        <translation>Miradas {count} hasta ahora</translation>
    </message>
    <message>
        <source>Here because it was skipped|Here because it was skipped {n} times</source>
        <translation>Aquí porque se saltó|Aquí porque se saltó {n} veces</translation>
    </message>
    <message>
        <source>Here without a machine label, after those that have one</source>
        <translation>Aquí sin etiqueta automática, tras las que tienen una</translation>
    </message>
    <message>
        <source>Here because {name} is {distance:.0f} from its threshold</source>
        <translation>Aquí porque {name} está a {distance:.0f} de su umbral</translation>
    </message>
    <message>
        <source>Here because it is like an image that waited longer</source>
        <translation>Aquí porque se parece a una imagen que espera desde antes</translation>
    </message>
    <message>
        <source>Here last: not public</source>
        <translation>Aquí al final: no pública</translation>
    </message>
    <message>
        <source>Here because this picture is public since {when}</source>
        <translation>Aquí porque esta imagen es pública desde {when}</translation>
    </message>
    <message>
        <source>Here by order: {order}</source>
        <translation>Aquí por orden: {order}</translation>
    </message>
    <message>
        <source>Queue: {kind}</source>
        <translation>Cola: {kind}</translation>
    </message>
    <message>
        <source>Flagged</source>
        <translation>Señaladas</translation>
    </message>
    <message>
        <source>Approved here by {actor}, {when}</source>
        <translation>Aprobada aquí por {actor}, {when}</translation>
    </message>
    <message>
        <source>Rejected here by {actor}, {when}</source>
        <translation>Rechazada aquí por {actor}, {when}</translation>
    </message>
    <message>
        <source>no reason is told</source>
        <translation>sin motivo dado</translation>
    </message>
    <message>
        <source>Approved elsewhere by {actor}{when}</source>
        <translation>Aprobada en otro lugar por {actor}{when}</translation>
    </message>
    <message>
        <source>Rejected elsewhere by {actor}{when}</source>
        <translation>Rechazada en otro lugar por {actor}{when}</translation>
    </message>
    <message>
        <source>Approved elsewhere{when}</source>
        <translation>Aprobada en otro lugar{when}</translation>
    </message>
    <message>
        <source>Rejected elsewhere{when}</source>
        <translation>Rechazada en otro lugar{when}</translation>
    </message>
</context>
</TS>
